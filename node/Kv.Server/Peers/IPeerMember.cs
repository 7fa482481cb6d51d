using Etcdserverpb;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Store;

namespace Kv.Server.Peers;

/// <summary>What the peers' side of a node asks of the member it belongs to. Everything here may be called from any
/// thread, and nothing that does not return a task may wait.</summary>
public interface IPeerMember
{
    ulong ClusterId { get; }

    NodeId Id { get; }

    /// <summary>Its versions. That of the server is told to every peer and decides what they expect of it.</summary>
    NodeVersions Versions { get; }

    /// <summary>All members of the cluster as this one knows them.</summary>
    IReadOnlyList<ClusterMember> Members { get; }

    /// <summary>Whether this was a member and was removed; what it still says does not count.</summary>
    bool IsRemoved(NodeId id);

    /// <summary>Takes a message for Raft; false if it was dropped because too many wait.</summary>
    bool Receive(Message message);

    /// <summary>Says that a message to this peer was lost for sure. May come from within
    /// <see cref="PeerTransport.Send"/>.</summary>
    void ReportUnreachable(NodeId id);

    /// <summary>Says that nothing listens at an address of this peer, though its machine answers. Told with each
    /// attempt to reach it.</summary>
    void ReportRefused(NodeId id);

    /// <summary>Says how the sending of a snapshot ended.</summary>
    void ReportSnapshot(NodeId id, bool isSuccess);

    /// <summary>A peer says that this member was removed from the cluster for good: it is to stop, as etcd does. Called
    /// once.</summary>
    void OnRemoved();

    /// <summary>Makes a learner a voter, asked for by a follower whose client did; returns the members after it.
    /// Refused with 404 <c>membership: ID not found</c>, 412
    /// <c>membership: can only promote a learner member</c>, 412
    /// <c>etcdserver: can only promote a learner member which is in sync with leader</c>, 500 else.</summary>
    /// <param name="token">Of the client, from the header <c>Authorization</c>; empty if there was none.</param>
    ValueTask<PeerAnswer<IReadOnlyList<ClusterMember>>> PromoteAsync(
        NodeId id, string token, CancellationToken cancelled);

    /// <summary>The hash of the key space at a revision. Refused with 400 and the text of the error.</summary>
    ValueTask<PeerAnswer<PeerHash>> HashAsync(long revision, CancellationToken cancelled);

    /// <summary>Renews a lease, asked for by a follower; returns its time to live in seconds. Refused with 404
    /// <c>lease not found</c>, 408 <c>waiting for node to catch up its applied index has timed out</c>, 400
    /// else.</summary>
    ValueTask<PeerAnswer<long>> KeepAliveAsync(long lease, CancellationToken cancelled);

    /// <summary>Tells of a lease, asked for by a follower. Refused as <see cref="KeepAliveAsync"/>, and with 500 if
    /// this member ceased to lead meanwhile.</summary>
    ValueTask<PeerAnswer<LeaseTimeToLiveResponse>> TimeToLiveAsync(
        LeaseTimeToLiveRequest request, CancellationToken cancelled);

    /// <summary>Whether the cluster is being downgraded, by a linearizable read. Refused with 500.</summary>
    ValueTask<PeerAnswer<bool>> IsDowngradeEnabledAsync(CancellationToken cancelled);
}

/// <summary>What a member answers a peer: a value, or the HTTP status and the text of a refusal in etcd's
/// words.</summary>
public readonly record struct PeerAnswer<T>(T? Value, int Status, string Error)
{
    public bool IsRefused => Error.Length > 0;
}

/// <summary>Makes them.</summary>
public static class PeerAnswer
{
    private const int Done = 200;

    public static PeerAnswer<T> Of<T>(T value) => new(value, Done, "");

    public static PeerAnswer<T> Refuse<T>(int status, string error) => new(default, status, error);
}

/// <summary>What <c>/members/hashkv</c> tells.</summary>
/// <param name="CurrentRevision">Of the store when it was asked.</param>
/// <param name="CompactRevision">-1 if it was never compacted.</param>
/// <param name="HashRevision">Up to which revision the hash goes.</param>
public readonly record struct PeerHash(long CurrentRevision, uint Hash, long CompactRevision, long HashRevision);
