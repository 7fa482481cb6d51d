using Kv.Operator.Planning;

namespace Kv.Operator.Members;

/// <summary>The cluster's own API, asked at one of its members. Whatever is refused or not answered is a
/// <see cref="MemberCallException"/>; whether what was not answered has happened is not known.</summary>
public interface IMemberCalls
{
    /// <summary>Null if it does not answer.</summary>
    Task<MemberReport?> AskAsync(MemberEndpoint member, CancellationToken stop);

    /// <summary>Asks one that is not ours, and so may be anything.</summary>
    /// <exception cref="MemberCallException">It does not answer; the message says why.</exception>
    Task<MemberReport> AskForeignAsync(MemberEndpoint member, CancellationToken stop);

    Task<IReadOnlyList<AlarmFound>> ListAlarmsAsync(MemberEndpoint member, CancellationToken stop);

    Task AddLearnerAsync(MemberEndpoint member, string peerUrl, CancellationToken stop);

    Task PromoteAsync(MemberEndpoint member, ulong id, CancellationToken stop);

    Task RemoveAsync(MemberEndpoint member, ulong id, CancellationToken stop);

    Task MoveLeaderAsync(MemberEndpoint leader, ulong to, CancellationToken stop);

    /// <summary>Gives up all history before the present revision.</summary>
    Task CompactAsync(MemberEndpoint member, CancellationToken stop);

    Task DefragmentAsync(MemberEndpoint member, CancellationToken stop);

    Task DisarmAsync(MemberEndpoint member, AlarmFound alarm, CancellationToken stop);
}

/// <summary>A member refused what was asked, or did not answer in time.</summary>
public sealed class MemberCallException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether the two sides could not agree on certificates.</summary>
    public bool IsUntrusted { get; init; }
}
