using Kv.Server.Configuration;
using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>What a member without data asks of those that run already, before it makes any file: etcd's
/// bootstrap.</summary>
internal static class ClusterJoin
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // A new cluster has nobody to answer, so nobody is waited for long.
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(1);

    /// <summary>Asks whatever has to be asked; null if this is a member of a new cluster.</summary>
    /// <exception cref="BootstrapException">The member cannot be what its flags say.</exception>
    public static async Task<JoinedCluster?> MeetAsync(
        NodeConfiguration configuration, PeerClient peers, CancellationToken cancelled)
    {
        if (!configuration.Bootstrap.IsNewCluster)
            return await FetchAsync(configuration, peers, cancelled);
        await RequireNewAsync(configuration, peers, cancelled);
        return null;
    }

    /// <summary>Who is in the cluster that this member joins, itself among them; found by its peer URLs.</summary>
    private static async Task<JoinedCluster> FetchAsync(
        NodeConfiguration configuration, PeerClient peers, CancellationToken cancelled)
    {
        BootstrapSettings bootstrap = configuration.Bootstrap;
        (ulong clusterId, IReadOnlyList<ClusterMember> members) =
            await AskOthersAsync(configuration, peers, Patience, cancelled)
            ?? throw new BootstrapException("cannot fetch cluster info from peer urls: could not retrieve cluster "
                + "information from the given URLs");
        if (members.Count != bootstrap.Members.Count)
        {
            throw new BootstrapException(
                "error validating peerURLs: member count is unequal: --initial-cluster names "
                + $"{bootstrap.Members.Count} members, the cluster has {members.Count}");
        }

        // The names are those of the flags: who has not started yet has none in the cluster.
        ClusterMember[] named = [.. members.Select(member => Name(member, bootstrap))];
        ClusterMember self = named.First(member => member.Name == configuration.Member.Name);
        await RequireCompatibleAsync(
            configuration.Member.AnnouncedVersion, members.Where(member => member.Id != self.Id), peers, cancelled);
        return new JoinedCluster(clusterId, self.Id, [.. members]);
    }

    /// <summary>Makes sure that somebody says what version the cluster is of, and nobody one that is too old or later
    /// than this member's.</summary>
    private static async Task RequireCompatibleAsync(
        string announced, IEnumerable<ClusterMember> others, PeerClient peers, CancellationToken cancelled)
    {
        if (!PeerVersion.TryParse(announced, out PeerVersion own))
            return;
        bool isSaid = false;
        foreach (ClusterMember member in others)
        {
            PeerVersion? said = await peers.AskVersionAsync(
                member, Patience, static versions => versions.Cluster, cancelled);
            if (said is not { } cluster)
                continue;
            isSaid = true;
            bool isTooLate = cluster > own
                && !(cluster == own with { Minor = own.Minor + 1 } && await GoesDownAsync(member, peers, cancelled));
            if (cluster < PeerVersion.Oldest || isTooLate)
                throw new BootstrapException("incompatible with current running cluster");
        }

        if (!isSaid)
            throw new BootstrapException("incompatible with current running cluster");
    }

    // Whether the cluster is about to become one minor version older.
    private static async Task<bool> GoesDownAsync(
        ClusterMember member, PeerClient peers, CancellationToken cancelled) =>
        await PeerClient.AskInTurnAsync<bool>(
            member.PeerUrls,
            Patience,
            async (url, limit) => await peers.IsDowngradeEnabledAsync(url, limit),
            cancelled) ?? false;

    /// <summary>Makes sure that this member of a new cluster is not one that ran already and has lost its data: it
    /// would forget what it has voted and acknowledged.</summary>
    private static async Task RequireNewAsync(
        NodeConfiguration configuration, PeerClient peers, CancellationToken cancelled)
    {
        if (configuration.Bootstrap.Members.Count < 2)
            return;
        if (await AskOthersAsync(configuration, peers, ShortPatience, cancelled) is not { } found)
            return;
        var own = Own(configuration).PeerUrls.Select(url => url.ToString()).ToHashSet();
        ClusterMember? self = found.Members.FirstOrDefault(member => member.PeerUrls.Any(own.Contains));
        if (self?.ClientUrls.Count > 0)
            throw new BootstrapException($"member {MemberIds.ToText(self.Id)} has already been bootstrapped");
    }

    private static Task<(ulong ClusterId, IReadOnlyList<ClusterMember> Members)?> AskOthersAsync(
        NodeConfiguration configuration, PeerClient peers, TimeSpan patience, CancellationToken cancelled)
    {
        InitialMember own = Own(configuration);
        IEnumerable<string> urls = configuration.Bootstrap.Members
            .Where(member => member != own).SelectMany(member => member.PeerUrls).Select(url => url.ToString());
        return PeerClient.AskInTurnAsync<(ulong, IReadOnlyList<ClusterMember>)>(
            urls, patience, async (url, limit) => await peers.GetMembersAsync(url, limit), cancelled);
    }

    private static ClusterMember Name(ClusterMember member, BootstrapSettings bootstrap)
    {
        var urls = member.PeerUrls.Select(Normal).ToHashSet();
        InitialMember known = bootstrap.Members.FirstOrDefault(
            each => urls.SetEquals(each.PeerUrls.Select(url => Normal(url.ToString()))))
            ?? throw new BootstrapException(
                "error validating peerURLs: unmatched member while checking PeerURLs: "
                + $"{MemberIds.ToText(member.Id)} at {string.Join(',', member.PeerUrls)} is not in --initial-cluster");
        return member with { Name = known.Name };
    }

    // The one host name whose address is certain without asking a name server.
    private static string Normal(string url) => url.Replace("//localhost:", "//127.0.0.1:", StringComparison.Ordinal);

    private static InitialMember Own(NodeConfiguration configuration) =>
        configuration.Bootstrap.Members.First(member => member.Name == configuration.Member.Name);
}

/// <summary>The cluster that a member joins.</summary>
/// <param name="Members">As the cluster knows them.</param>
internal sealed record JoinedCluster(ulong ClusterId, ulong MemberId, IReadOnlyList<ClusterMember> Members);

/// <summary>A member without data cannot become part of the cluster that its flags name.</summary>
internal sealed class BootstrapException(string message) : Exception(message);
