using System.Buffers;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing.Members;

namespace Kv.Node.Tests.Replication;

/// <summary>A whole member, from log to store, in the thread of the test: what it is told it does before the call
/// returns, unless the disk fails in between.</summary>
internal sealed class SteppedMember : IDisposable
{
    public static readonly MemberFiles Files = new("/m.etcd");
    public static readonly LogOptions LogOptions = new(SegmentBytes: 64 * 1024);

    private const int StepsMax = 1000;

    private readonly Replica _replica;
    private readonly RequestIds _ids;
    private readonly Proposer _proposer;
    private readonly LogWriter _log;
    private ReplicaEvent[] _events = new ReplicaEvent[1];

    private SteppedMember(
        IDisk disk, MemberFiles files, MemberSetup setup, Backend backend, OpenedLog opened)
    {
        Id = new NodeId(opened.Contents.Metadata.NodeId);
        _log = opened.Writer;
        Opened = opened;
        var lane = new InlineLane();
        Store = WholeStore.Open(backend, lane, Tokens, ttlMin: 1);
        var snapshots = new SnapshotFiles(disk, files);
        var log = new InlineLog(new TurnWriter(opened.Writer, snapshots), Inbox);
        var kept = new CheckpointOptions(setup.SnapshotEntries, SegmentsMax: 2, SnapFilesMax: 2);
        var checkpoints = new Checkpoints(snapshots, Store, log, Inbox, kept);
        checkpoints.StartFrom(opened.Contents.From.Index);
        var applier = new Applier(Store, opened.Contents.Metadata.ClusterId, Id.Value);
        var store = new EntryApplier(lane, Inbox, Store, applier, opened.State.Conf, checkpoints, snapshots);
        var raft = new RaftNode(
            new RaftOptions { Id = Id, Random = new Random(unchecked((int)Id.Value + setup.Life)) }, opened.State);
        var options = new ReplicaOptions(
            TimeSpan.FromMilliseconds(100), RequestTicksMax: 70, ReadRetryTicks: 5, CatchUpEntries: 5);
        _ids = new RequestIds(Id.Value, DateTimeOffset.UnixEpoch.AddDays(setup.Life));
        _replica = new Replica(raft, setup.Network, log, store, _ids, options) { Removed = () => RemovedCount++ };
        _proposer = new Proposer(Inbox, _ids, _replica.View, 1 << 20);
        log.Writing = () => SeenWhileWriting.Add(View.Now);
        RunUntilIdle();
    }

    public NodeId Id { get; }

    public Inbox Inbox { get; } = new(requestsMax: 1000);

    public StoreParts Store { get; }

    public NoTokens Tokens { get; } = new();

    public ReplicaView View => _replica.View;

    /// <summary>What others could see in the middle of each turn that wrote something.</summary>
    public List<TermView> SeenWhileWriting { get; } = [];

    /// <summary>What the files said when they were opened.</summary>
    public OpenedLog Opened { get; }

    public int RemovedCount { get; private set; }

    /// <summary>What <see cref="RaftNode.Status"/> says now.</summary>
    public RaftStatus Status
    {
        get
        {
            var query = new StatusQuery();
            Inbox.Post(ReplicaEvent.Ask(query));
            RunUntilIdle();
            Assert.True(query.Done.IsCompleted);
            return query.Done.Result;
        }
    }

    /// <summary>Starts a member on what the disk holds; makes a new one if that is nothing.</summary>
    public static SteppedMember Start(IDisk disk, MemberSetup? setup = null)
    {
        setup ??= MemberSetup.Lone;
        disk.CreateDirectory(Files.Snapshots);
        LogSummary summary = MemberLog.Find(disk, Files) ?? MemberLog.Create(
            disk,
            Files,
            new LogMetadata(setup.Id, MemberSetup.ClusterId),
            [.. setup.Founders.Select(ToChange)],
            LogOptions);
        var backend = Backend.Open(disk, Files.PageFile, new BackendOptions
        {
            CommitLane = new InlineLane(),
            Pages = new PageFileOptions { GrowBytes = 1 << 16, ReservedBytes = 1 << 26 },
        });
        OpenedLog opened = MemberLog.Open(disk, Files, summary, backend, LogOptions);
        if (setup.IsForced)
            opened = ForcedCluster.Make(opened, new MemberBook(backend, learnersMax: 1), ["http://127.0.0.99:2380"]);
        return new SteppedMember(disk, Files, setup, backend, opened);
    }

    /// <summary>Opens the member whose files are there, and lets it apply what is known to be committed.</summary>
    /// <param name="last">It knows of no later entry than this; of all, if null.</param>
    public static SteppedMember Open(
        IDisk disk, MemberFiles files, LogSummary summary, LogOptions options, ulong? last = null)
    {
        var backend = Backend.Open(disk, files.PageFile, new BackendOptions { CommitLane = new InlineLane() });
        OpenedLog opened = MemberLog.Open(disk, files, summary, backend, options);
        if (last is { } known)
        {
            RestoredState whole = opened.State;
            opened = opened with
            {
                State = whole with
                {
                    HardState = whole.HardState with { Commit = known },
                    Entries = [.. whole.Entries.TakeWhile(entry => entry.Index <= known)],
                },
            };
        }

        MemberSetup setup = MemberSetup.Lone with { SnapshotEntries = ulong.MaxValue / 2 };
        return new SteppedMember(disk, files, setup, backend, opened);
    }

    public static ConfChange ToChange(ClusterMember member) =>
        new(0, ConfChangeType.AddNode, new NodeId(member.Id), MemberJson.Encode(member));

    /// <summary>Puts a key, and returns the revision that was acknowledged.</summary>
    public long Put(string key, string value)
    {
        PendingPut put = BeginPut(key, value);
        RunUntilIdle();
        return put.Revision();
    }

    /// <summary>Asks for a put, and leaves it to others to get on with it.</summary>
    public PendingPut BeginPut(string key, string value, long lease = 0)
    {
        var request = new PutRequest
        {
            Key = ByteString.CopyFromUtf8(key),
            Value = ByteString.CopyFromUtf8(value),
            Lease = lease,
        };
        Proposal proposal = _proposer.Rent();
        var body = new ReadOnlySequence<byte>(request.ToByteArray());
        byte[] entry = LoggedRequest.Encode(LoggedRequest.PutField, body, _proposer.NextId());
        return new PendingPut(_proposer, proposal, _proposer.Propose(proposal, entry).AsTask());
    }

    /// <summary>Asks for any other request.</summary>
    public Task<KvError> Begin(InternalRaftRequest request)
    {
        request.Header = new RequestHeader { ID = _proposer.NextId() };
        return _proposer.Propose(_proposer.Rent(), request.ToByteArray()).AsTask();
    }

    public ConfProposal BeginChange(ConfChangeType type, ulong member, byte[] context)
    {
        var proposal = new ConfProposal(new ConfChange(_ids.Next(), type, new NodeId(member), context));
        Inbox.Post(ReplicaEvent.ProposeChange(proposal));
        return proposal;
    }

    public ReadBatch BeginRead()
    {
        var batch = new ReadBatch();
        Inbox.Post(ReplicaEvent.Read(batch));
        return batch;
    }

    /// <summary>Writes what is applied into the page file.</summary>
    public void Commit() => Store.Backend.ForceCommit();

    public string? Get(string key)
    {
        bool isThere = Store.Kv.TryGetAt(
            ByteString.CopyFromUtf8(key).Span, Store.Kv.CurrentRevision, out ReadOnlyMemory<byte> found);
        return isThere ? Mvccpb.KeyValue.Parser.ParseFrom(found.Span).Value.ToStringUtf8() : null;
    }

    public KeyValueHash Hash()
    {
        Assert.Equal(KvError.None, Store.Kv.HashKv(0, out KeyValueHash hash));
        return hash;
    }

    public void Tick() => Inbox.Post(ReplicaEvent.Tick);

    /// <summary>Works off what waits; false if that was nothing.</summary>
    public bool Step()
    {
        ReadOnlySpan<ReplicaEvent> events = Inbox.Take(ref _events, TimeSpan.Zero);
        _replica.Handle(events);
        return !events.IsEmpty;
    }

    public void RunUntilIdle()
    {
        for (int step = 0; step < StepsMax; step++)
        {
            if (!Step() && step > 0)
                return;
        }

        Assert.Fail("The member does not come to rest.");
    }

    public void Dispose()
    {
        _log.Dispose();
        Store.Backend.Dispose();
        Inbox.Dispose();
    }
}
