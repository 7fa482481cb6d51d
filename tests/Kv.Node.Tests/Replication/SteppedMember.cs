using System.Buffers;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Store.Leases;

namespace Kv.Node.Tests.Replication;

/// <summary>A whole lone member, from log to store, in the thread of the test: what is proposed is logged, committed
/// and applied before the call returns, unless the disk fails in between.</summary>
internal sealed class SteppedMember : IDisposable
{
    private const string Directory = "/m1.etcd";
    private const int StepsMax = 1000;

    private readonly Inbox _inbox = new(requestsMax: 100);
    private readonly Replica _replica;
    private readonly Proposer _proposer;
    private readonly Backend _backend;
    private readonly LogWriter _log;
    private ReplicaEvent[] _events = new ReplicaEvent[1];

    private SteppedMember(IDisk disk, MemberFiles files, Backend backend, OpenedLog opened, ulong snapshotEntries)
    {
        _backend = backend;
        _log = opened.Writer;
        var lane = new InlineLane();
        var leases = new LeaseBook(backend, ttlMin: 1);
        Store = new StoreParts(
            backend,
            MvccStore.Open(backend, leases, lane),
            leases,
            new AlarmBook(backend),
            new MemberBook(backend, learnersMax: 1),
            new AuthBook(backend),
            new NoTokens());
        var log = new InlineLog(opened.Writer, _inbox);
        ulong member = opened.Contents.Metadata.NodeId;
        var checkpoints = new Checkpoints(
            disk, files, Store, log, _inbox, new CheckpointOptions(snapshotEntries, SegmentsMax: 2, SnapFilesMax: 2));
        checkpoints.StartFrom(opened.Contents.From.Index);
        var applier = new EntryApplier(
            lane, _inbox, Store, new Applier(Store, clusterId: 7, member), opened.State.Conf, checkpoints);
        var raft = new RaftNode(
            new RaftOptions { Id = new NodeId(member), Random = new Random(1) }, opened.State);
        var options = new ReplicaOptions(
            TimeSpan.FromMilliseconds(100), RequestTicksMax: 70, ReadRetryTicks: 5, CatchUpEntries: 5);
        _replica = new Replica(raft, new NoNetwork(), log, applier, options);
        _proposer = new Proposer(_inbox, new RequestIds(member, DateTimeOffset.UnixEpoch), _replica.View, 1 << 20);
        RunUntilIdle();
    }

    public StoreParts Store { get; }

    public ReplicaView View => _replica.View;

    /// <summary>Starts a member on what the disk holds; makes a new one if that is nothing.</summary>
    public static SteppedMember Start(IDisk disk, ulong snapshotEntries = 20)
    {
        var files = new MemberFiles(Directory);
        var options = new LogOptions(SegmentBytes: 64 * 1024);
        disk.CreateDirectory(files.Snapshots);
        LogSummary? summary = MemberLog.Find(disk, files);
        if (summary is null)
        {
            var self = new ClusterMember(9, ["http://127.0.0.1:2380"], IsLearner: false, "m1", ClientUrls: []);
            summary = MemberLog.Create(
                disk,
                files,
                new LogMetadata(self.Id, ClusterId: 7),
                [new ConfChange(0, ConfChangeType.AddNode, new NodeId(self.Id), MemberJson.Encode(self))],
                options);
        }

        var backend = Backend.Open(disk, files.PageFile, new BackendOptions { CommitLane = new InlineLane() });
        OpenedLog opened = MemberLog.Open(disk, files, summary, backend, options);
        return new SteppedMember(disk, files, backend, opened, snapshotEntries);
    }

    /// <summary>Puts a key, and returns the revision that was acknowledged.</summary>
    public long Put(string key, string value)
    {
        var request = new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) };
        Proposal proposal = _proposer.Rent();
        ulong id = _proposer.NextId();
        ValueTask<KvError> outcome = _proposer.Propose(
            proposal, LoggedRequest.Encode(LoggedRequest.PutField,
                new ReadOnlySequence<byte>(request.ToByteArray()), id));
        RunUntilIdle();
        Assert.Equal(KvError.None, outcome.AsTask().WaitAsync(TimeSpan.FromSeconds(10)).GetAwaiter().GetResult());
        long revision = PutResponse.Parser.ParseFrom(proposal.Reply.Encoded).Header.Revision;
        _proposer.Return(proposal);
        return revision;
    }

    /// <summary>Writes what is applied into the page file.</summary>
    public void Commit() => _backend.ForceCommit();

    public string? Get(string key)
    {
        bool isThere = Store.Kv.TryGetAt(
            ByteString.CopyFromUtf8(key).Span, Store.Kv.CurrentRevision, out ReadOnlyMemory<byte> found);
        return isThere ? Mvccpb.KeyValue.Parser.ParseFrom(found.Span).Value.ToStringUtf8() : null;
    }

    public void Dispose()
    {
        _log.Dispose();
        _backend.Dispose();
        _inbox.Dispose();
    }

    private void RunUntilIdle()
    {
        for (int step = 0; step < StepsMax; step++)
        {
            ReadOnlySpan<ReplicaEvent> events = _inbox.Take(ref _events, TimeSpan.Zero);
            _replica.Handle(events);
            if (events.IsEmpty && step > 0)
                return;
        }

        Assert.Fail("The member does not come to rest.");
    }

    private sealed class NoTokens : ITokens
    {
        public void Add(string token, string userName)
        {
        }

        public void Drop(string userName)
        {
        }

        public void DropAll()
        {
        }
    }
}
