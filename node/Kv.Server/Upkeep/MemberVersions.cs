using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Upkeep;

/// <summary>Asks all members which version they are of.</summary>
internal sealed class MemberVersions(ulong self, string announced, MemberBook members, PeerClient peers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What this member says.</summary>
    public string Announced => announced;

    /// <summary>Those of the others, and this one's if it is a version; null if some member did not say.</summary>
    public async Task<IReadOnlyList<PeerVersion>?> AskAsync(CancellationToken stop)
    {
        var found = new List<PeerVersion>();
        if (PeerVersion.TryParse(announced, out PeerVersion own))
            found.Add(own);
        foreach (ClusterMember member in members.Members.Where(member => member.Id != self))
        {
            PeerVersion? said = await peers.AskVersionAsync(member, Patience, static versions => versions.Server, stop);
            if (said is not { } version)
                return null;
            found.Add(version);
        }

        return found;
    }
}
