using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Store.Watching;

namespace Kv.Testing.Members;

/// <summary>A whole member from its files to its watchers, wired as a node wires it, but for what the plan puts in
/// the place of threads and sockets. It does nothing until <see cref="Replica"/> is told something.</summary>
public sealed class AssembledMember : IDisposable
{
    // Raised for nothing shorter here, so that leases end within a test.
    private const long LeaseTtlMin = 1;

    private readonly LogWriter _log;

    private AssembledMember(
        IDisk disk, MemberPlan plan, Backend backend, OpenedLog opened, Func<IStateMachine, IStateMachine>? wrap)
    {
        Id = new NodeId(opened.Contents.Metadata.NodeId);
        _log = opened.Writer;
        Store = WholeStore.Open(backend, plan.Lanes.Compaction, new NoTokens(), LeaseTtlMin);
        Watches = new WatchHub(
            Store.Kv,
            plan.Lanes.Watch,
            new WatchIdentity(MemberPlan.ClusterId, Id.Value, () => View.Term),
            WatchLimits.Default,
            plan.Random);
        Store.Kv.Changes = Watches;
        LeaseClock = new LeaseClock(Store.Leases, plan.Time, new LeaseClockOptions());

        var snapshots = new SnapshotFiles(disk, plan.Files);
        ILog log = plan.Lanes.Log(new TurnWriter(opened.Writer, snapshots), Inbox);
        var checkpoints = new Checkpoints(snapshots, Store, log, Inbox, plan.Checkpoints);
        checkpoints.StartFrom(opened.Contents.From.Index);
        IStateMachine store = new EntryApplier(
            plan.Lanes.Apply,
            Inbox,
            Store,
            new Applier(Store, MemberPlan.ClusterId, Id.Value),
            opened.State.Conf,
            checkpoints,
            snapshots);
        var raft = new RaftNode(plan.Raft with { Id = Id, Random = plan.Random }, opened.State);
        Ids = new RequestIds(Id.Value, plan.Time.GetUtcNow());
        Replica = new Replica(raft, plan.Network, log, wrap?.Invoke(store) ?? store, Ids, plan.Replica)
        {
            Removed = () => IsRemoved = true,
        };
        Proposer = new Proposer(Inbox, Ids, View, requestBytesMax: 1 << 20);
    }

    public NodeId Id { get; }

    public Inbox Inbox { get; } = new(requestsMax: 1000);

    public Replica Replica { get; }

    public ReplicaView View => Replica.View;

    public StoreParts Store { get; }

    public WatchHub Watches { get; }

    public LeaseClock LeaseClock { get; }

    public RequestIds Ids { get; }

    public Proposer Proposer { get; }

    /// <summary>Whether it has applied its own removal from the cluster.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>Starts a member on what the disk holds; makes a new one if that is nothing.</summary>
    /// <param name="wrap">May stand between the replica and its store.</param>
    public static AssembledMember Open(
        IDisk disk, MemberPlan plan, Func<IStateMachine, IStateMachine>? wrap = null)
    {
        disk.CreateDirectory(plan.Files.Snapshots);
        LogSummary summary = MemberLog.Find(disk, plan.Files) ?? MemberLog.Create(
            disk,
            plan.Files,
            new LogMetadata(plan.Id, MemberPlan.ClusterId),
            [.. plan.Founders.Select(ToChange)],
            plan.Log);
        Backend? backend = null;
        OpenedLog? opened = null;
        try
        {
            backend = Backend.Open(
                disk, plan.Files.PageFile, new BackendOptions { CommitLane = plan.Lanes.Commit, Pages = plan.Pages });
            opened = MemberLog.Open(disk, plan.Files, summary, backend, plan.Log);
            return new AssembledMember(disk, plan, backend, opened, wrap);
        }
        catch
        {
            opened?.Writer.Dispose();
            backend?.Dispose();
            throw;
        }
    }

    public static ConfChange ToChange(ClusterMember member) =>
        new(0, ConfChangeType.AddNode, new NodeId(member.Id), MemberJson.Encode(member));

    /// <summary>Lets go of the files, as a process does that ends without a word.</summary>
    public void Dispose()
    {
        _log.Dispose();
        Store.Backend.Dispose();
        Inbox.Dispose();
    }
}
