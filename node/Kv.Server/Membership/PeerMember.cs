using Etcdserverpb;
using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Http;
using Kv.Server.Peers;
using Kv.Server.Startup;
using Kv.Server.Upkeep;
using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>This member, as its peers see it.</summary>
internal sealed class PeerMember(
    ulong clusterId,
    NodeId id,
    string version,
    StoreParts store,
    Inbox inbox,
    SnapshotFiles snapshots,
    Action onRemoved) : IPeerMember
{
    private const int Bad = 400;
    private const int Failed = 500;

    private PeerServices? _services;

    public ulong ClusterId => clusterId;

    public NodeId Id => id;

    public NodeVersions Versions =>
        _services?.Health.Versions ?? new NodeVersions(version, NodeHealth.Undecided, ProductVersion.UnmarkedStorage);

    private PeerServices Services => _services!;

    public IReadOnlyList<ClusterMember> Members => store.Members.Members;

    /// <summary>To be called once, before anything is asked: the parts that answer need the network that this is a
    /// part of.</summary>
    public void AnswerBy(PeerServices services) => _services = services;

    public bool IsRemoved(NodeId member) => store.Members.IsRemoved(member.Value);

    public bool Receive(Message message)
    {
        if (message.Type != MessageType.Snapshot)
            return inbox.TryPostMessage(ReplicaEvent.Received(message));

        // Once it is in the log there is no way back, so what came is looked at first.
        if (!snapshots.TryAdmit(message, out Message? admitted, out _))
            return false;
        inbox.Post(ReplicaEvent.ReceivedSnapshot(admitted));
        return true;
    }

    public void ReportUnreachable(NodeId member) => inbox.TryPostMessage(ReplicaEvent.Unreachable(member));

    public void ReportRefused(NodeId member) => inbox.TryPostMessage(ReplicaEvent.Refused(member));

    public void ReportSnapshot(NodeId member, bool isSuccess) =>
        inbox.Post(ReplicaEvent.SnapshotSent(member, isSuccess));

    public void OnRemoved() => onRemoved();

    public async ValueTask<PeerAnswer<IReadOnlyList<ClusterMember>>> PromoteAsync(
        NodeId member, string token, CancellationToken cancelled)
    {
        try
        {
            Services.Gate.RequireRoot(token);
        }
        catch (RpcException refused)
        {
            return PeerAnswer.Refuse<IReadOnlyList<ClusterMember>>(Failed, refused.Status.Detail);
        }

        return await Services.Reconfiguration.PromoteHereAsync(member.Value);
    }

    public async ValueTask<PeerAnswer<PeerHash>> HashAsync(long revision, CancellationToken cancelled)
    {
        try
        {
            KeyValueHash hash = await Services.Upkeep.HashKvAsync(revision);
            return PeerAnswer.Of(
                new PeerHash(store.Kv.CurrentRevision, hash.Hash, hash.CompactRevision, hash.Revision));
        }
        catch (RpcException refused)
        {
            string text = refused.Status.Detail;
            const string Prefix = "etcdserver: ";
            return PeerAnswer.Refuse<PeerHash>(
                Bad, text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text);
        }
    }

    public ValueTask<PeerAnswer<long>> KeepAliveAsync(long lease, CancellationToken cancelled) =>
        Services.Leases.RenewForPeerAsync(lease, cancelled);

    public ValueTask<PeerAnswer<LeaseTimeToLiveResponse>> TimeToLiveAsync(
        LeaseTimeToLiveRequest request, CancellationToken cancelled) =>
        Services.Leases.TimeToLiveForPeerAsync(request, cancelled);

    public async ValueTask<PeerAnswer<bool>> IsDowngradeEnabledAsync(CancellationToken cancelled)
    {
        try
        {
            await Services.Reads.ConfirmAsync();
            return PeerAnswer.Of(store.Members.Downgrade is not null);
        }
        catch (RpcException refused)
        {
            return PeerAnswer.Refuse<bool>(Failed, refused.Status.Detail);
        }
    }
}

/// <summary>The parts of a node that peers ask for beside Raft.</summary>
internal sealed record PeerServices(
    INodeHealth Health,
    Gate Gate,
    Reconfiguration Reconfiguration,
    LeaseDesk Leases,
    StoreUpkeep Upkeep,
    LinearizableReads Reads);
