using System.Buffers;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

/// <summary>A store with its lanes in the hands of the test, asked in messages as a client would.</summary>
internal sealed class StoreWorld : IDisposable
{
    public const string Path = "/data/db";
    public static readonly ReplyHeader Header = new(ClusterId: 0xC1, MemberId: 0xA1, RaftTerm: 7);

    private readonly IDisk _disk;
    private string _path;
    private TimeSpan _now;

    public StoreWorld(IDisk disk, string path = Path)
    {
        _disk = disk;
        _path = path;
        Open();
    }

    public StoreWorld(int seed = 1)
        : this(MakeDisk(seed))
    {
    }

    public ManualLane CommitLane { get; } = new();

    public ManualLane CompactionLane { get; } = new();

    public SomeLeases Leases { get; private set; } = new();

    public Backend Backend { get; private set; } = null!;

    public MvccStore Store { get; private set; } = null!;

    public ulong Index { get; private set; }

    public static SimulatedDisk MakeDisk(int seed)
    {
        var disk = new SimulatedDisk(new Random(seed));
        disk.CreateDirectory("/data");
        disk.SyncDirectory("/");
        return disk;
    }

    public void Dispose() => Backend.Dispose();

    public void Open()
    {
        CommitLane.Clear();
        CompactionLane.Clear();
        var leases = new SomeLeases();
        leases.Known.UnionWith(Leases.Known);
        Leases = leases;
        Backend = Backend.Open(_disk, _path, new BackendOptions
        {
            CommitLane = CommitLane,
            BatchOperationsMax = 100,
            Pages = new PageFileOptions { GrowBytes = 1 << 16, ReservedBytes = 1 << 26 },
        });
        Store = MvccStore.Open(Backend, Leases, CompactionLane);
        Index = Backend.ConsistentIndex;
    }

    /// <summary>Applies a request as the next entry of the log; its answer, or why there is none.</summary>
    public (KvError Error, IMessage? Reply) Apply(IMessage request, bool isAwaited = true)
    {
        var buffer = isAwaited ? new ArrayBufferWriter<byte>() : null;
        byte[] bytes = request.ToByteArray();
        (KvError error, MessageParser parser) = request switch
        {
            PutRequest => (Store.Put(bytes, Header, buffer), (MessageParser)PutResponse.Parser),
            DeleteRangeRequest => (Store.DeleteRange(bytes, Header, buffer), DeleteRangeResponse.Parser),
            TxnRequest => (Store.Txn(bytes, Header, buffer), TxnResponse.Parser),
            CompactionRequest compaction => (Store.Compact(compaction.Revision), CompactionResponse.Parser),
            _ => throw new ArgumentException(request.GetType().Name),
        };
        Backend.SetConsistentIndex(++Index, term: 7);
        return (error, error == KvError.None && isAwaited ? parser.ParseFrom(buffer!.WrittenSpan) : null);
    }

    public void Put(string key, string value = "") => Apply(Some.Put(key, value));

    public (KvError Error, RangeResponse? Reply) Range(RangeRequest request, int pieceBytes = 1 << 16)
    {
        using RangeReply reply = Store.Range(request.ToByteArray(), Header);
        return reply.Error == KvError.None
            ? (KvError.None, RangeResponse.Parser.ParseFrom(Copy(reply, pieceBytes)))
            : (reply.Error, null);
    }

    /// <summary>The encoded answer, taken in pieces.</summary>
    public static byte[] Copy(RangeReply reply, int pieceBytes)
    {
        var whole = new MemoryStream();
        byte[] piece = new byte[pieceBytes];
        for (int copied = reply.CopyTo(piece); copied > 0; copied = reply.CopyTo(piece))
            whole.Write(piece, 0, copied);
        Assert.Equal(reply.EncodedBytes, whole.Length);
        return whole.ToArray();
    }

    public void Tick()
    {
        _now += TimeSpan.FromMilliseconds(100);
        Backend.Tick(_now);
    }

    /// <summary>Lets the lanes do all there is to do.</summary>
    public void Settle()
    {
        for (int turn = 0; turn < 100_000; turn++)
        {
            Tick();
            if (!(CommitLane.RunOne() | CompactionLane.RunOne()) && Store.IsCompactionIdle && CommitLane.Count == 0)
                return;
        }

        Assert.Fail("The lanes never come to rest.");
    }

    /// <summary>Ends in order, with everything in the file, and opens again; another file, if a store of that has
    /// taken the place of the first.</summary>
    public void Restart(string? path = null)
    {
        Backend.ForceCommit();
        while (CommitLane.RunOne())
        {
        }

        Backend.Dispose();
        _path = path ?? _path;
        Open();
    }
}
