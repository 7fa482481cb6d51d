using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Server.Membership;
using Kv.Server.Observers;
using Kv.Server.Peers;
using Kv.Server.Tls;
using Kv.Storage;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>All of a node that has to do with the other members: the way to them, the place where they find this one,
/// and the list of who they are.</summary>
internal sealed class PeerSide : IAsyncDisposable
{
    private readonly NodeConfiguration _configuration;
    private readonly OpenedMember _member;
    private readonly PeerMember _self;
    private readonly PeerServer _server;
    private readonly NodeTls _tls;

    public PeerSide(
        NodeConfiguration configuration,
        OpenedMember member,
        NodeTls tls,
        Inbox inbox,
        IDisk disk,
        Action onRemoved,
        Observation observation)
    {
        _configuration = configuration;
        _member = member;
        _tls = tls;
        Snapshots = new SnapshotFiles(disk, member.Files);
        _self = new PeerMember(
            member.ClusterId,
            new NodeId(member.MemberId),
            configuration.Member.AnnouncedVersion,
            member.Store,
            inbox,
            Snapshots,
            onRemoved);
        var options = new PeerTransportOptions
        {
            PeerUrls = [.. configuration.Member.AdvertisePeerUrls.Select(url => url.ToString())],
            DialTimeout = DialTimeout(configuration.Timing),
            Tls = tls.CallPeer,
            ReadTimeout = configuration.Timing.PeerRead,
            WriteTimeout = configuration.Timing.PeerWrite,
            Observer = new PeerObserver(new NodeId(member.MemberId), observation.Metrics.Peers),
        };
        Transport = new PeerTransport(_self, options, observation.Log);
        var received = new ReceivedPageFiles(disk, member.Files, observation.Metrics.Disk);
        _server = new PeerServer(_self, Transport, received, observation.Log);
    }

    public PeerTransport Transport { get; }

    public SnapshotFiles Snapshots { get; }

    /// <summary>How long connecting to another member may take, as in etcd.</summary>
    public static TimeSpan DialTimeout(TimingSettings timing) => TimeSpan.FromSeconds(1) + timing.Election;

    /// <summary>Begins to speak with the members there are, and to listen to them.</summary>
    /// <param name="told">Whom the cluster named when this member joined it.</param>
    /// <param name="changed">To be called too whenever something about the members changes.</param>
    /// <exception cref="IOException">Another process listens there.</exception>
    public async Task StartAsync(
        PeerServices services, IReadOnlyList<ClusterMember> told, Action changed, CancellationToken cancelled)
    {
        _self.AnswerBy(services);
        var list = new PeerList(_member.MemberId, _member.Store.Members, told, Transport);
        list.Update();
        _member.Store.Members.Changed = () =>
        {
            list.Update();
            changed();
        };
        await _server.StartAsync(
            _configuration.Member.ListenPeerUrls.Select(url => ListenEndPoints.Of(url, _tls.Peers)), cancelled);
    }

    /// <summary>Hands leadership to the voter that has been connected longest, so that nobody has to notice first that
    /// this member is gone. If none takes it in time, an election will find one.</summary>
    public async Task HandOverAsync(Leadership leadership, CancellationToken cancelled)
    {
        var heir = _member.Store.Members.Members
            .Where(member => !member.IsLearner && member.Id != _member.MemberId)
            .Select(member => (member.Id, Since: Transport.ActiveSince(new NodeId(member.Id))))
            .Where(member => member.Since is not null)
            .OrderBy(member => member.Since)
            .FirstOrDefault();
        if (heir.Since is null || !leadership.View.IsLeader)
            return;
        try
        {
            await leadership.MoveAsync(new NodeId(heir.Id), cancelled);
        }
        catch (global::Grpc.Core.RpcException)
        {
            // It took too long.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _member.Store.Members.Changed = null;
        await Transport.DisposeAsync();
        await _server.DisposeAsync();
    }
}
