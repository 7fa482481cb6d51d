using Kv.Raft;
using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>Keeps the transport in step with the membership.</summary>
/// <param name="told">The members that the cluster named when this one joined it. It has to speak with them long before
/// it has come to the entries that name them.</param>
internal sealed class PeerList(
    ulong self, MemberBook members, IReadOnlyList<ClusterMember> told, PeerTransport transport)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, IReadOnlyList<string>> _known = [];

    /// <summary>To be called at the start and after every change; any thread.</summary>
    public void Update()
    {
        lock (_gate)
        {
            ClusterMember[] others =
            [
                .. members.Members.Where(member => member.Id != self),
                .. told.Where(member => member.Id != self && IsYetToCome(member.Id)),
            ];
            foreach (ulong gone in _known.Keys.Except(others.Select(member => member.Id)).ToArray())
            {
                _known.Remove(gone);
                transport.RemovePeer(new NodeId(gone));
            }

            foreach (ClusterMember member in others)
                Update(member);
        }
    }

    private bool IsYetToCome(ulong id) => members.Find(id) is null && !members.IsRemoved(id);

    private void Update(ClusterMember member)
    {
        var id = new NodeId(member.Id);
        if (!_known.TryGetValue(member.Id, out IReadOnlyList<string>? urls))
            transport.AddPeer(id, member.PeerUrls);
        else if (!urls.SequenceEqual(member.PeerUrls))
            transport.UpdatePeer(id, member.PeerUrls);
        _known[member.Id] = member.PeerUrls;
    }
}
