using Kv.Server.Cli;

namespace Kv.Server.Snapshots;

/// <summary>The members of one cluster, and from whom of them a snapshot is best taken: a follower, as the leader has
/// more to do, and one that has applied what is committed; a learner never.</summary>
internal sealed class MemberChoice : IDisposable
{
    private readonly AskedMember[] _members;

    private MemberChoice(AskedMember[] members, AskedMember[] fit)
    {
        _members = members;
        Fit = fit;
    }

    /// <summary>Never empty; the best one first.</summary>
    public IReadOnlyList<AskedMember> Fit { get; }

    /// <exception cref="CommandFailedException">None is fit, or they are not of one cluster.</exception>
    public static async Task<MemberChoice> AskAsync(TakeOptions options, CancellationToken stop)
    {
        AskedMember[] members =
        [
            .. (await Task.WhenAll(options.Endpoints.Select(each => AskedMember.AskAsync(each, options, stop))))
                .OfType<AskedMember>(),
        ];
        try
        {
            return new MemberChoice(members, Choose(members, options));
        }
        catch (CommandFailedException)
        {
            foreach (AskedMember member in members)
                member.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (AskedMember member in _members)
            member.Dispose();
    }

    private static AskedMember[] Choose(AskedMember[] members, TakeOptions options)
    {
        if (members.Length == 0)
            throw new CommandFailedException($"no member answers at {string.Join(',', options.Endpoints)}");
        ulong[] clusters = [.. members.Select(member => member.ClusterId).Distinct()];
        if (clusters.Length > 1)
            throw new CommandFailedException("the endpoints are of different clusters: nothing is taken from any");
        if (options.ClusterId != 0 && options.ClusterId != clusters[0])
        {
            throw new CommandFailedException(
                $"the endpoints are of the cluster {clusters[0]:x}, and not of {options.ClusterId:x}");
        }

        ulong furthest = members.Max(member => member.RaftIndex);
        AskedMember[] fit =
        [
            .. members.Where(member => member.FaultFor(furthest) is null)
                .OrderBy(member => member.IsLeader)
                .ThenByDescending(member => member.AppliedIndex),
        ];
        if (fit.Length > 0)
            return fit;
        IEnumerable<string> faults =
            members.Select(member => $"{member.Endpoint} {member.FaultFor(furthest)}");
        throw new CommandFailedException($"no member is fit to take a snapshot from: {string.Join("; ", faults)}");
    }
}
