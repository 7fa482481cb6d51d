using System.Net.Sockets;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Health.V1;
using Kv.Testing;

namespace Kv.Interop.Tests.Hostile;

/// <summary>Requests of every kind that a member answers without being changed for good, and what can be made of
/// them by altering bytes: of the message, of its frame, or of the connection's opening.</summary>
public sealed class HostileRequests(Random random)
{
    private static readonly (string Path, IMessage Message)[] Sound =
    [
        ("/etcdserverpb.KV/Range", new RangeRequest
        {
            Key = Bytes("a"), RangeEnd = Bytes("z"), Limit = 10, MinModRevision = 1,
            SortOrder = RangeRequest.Types.SortOrder.Descend, SortTarget = RangeRequest.Types.SortTarget.Mod,
        }),
        ("/etcdserverpb.KV/RangeStream", new RangeRequest { Key = Bytes("a"), RangeEnd = Bytes("z") }),
        ("/etcdserverpb.KV/Put", new PutRequest { Key = Bytes("a"), Value = Bytes("value"), PrevKv = true }),
        ("/etcdserverpb.KV/DeleteRange", new DeleteRangeRequest { Key = Bytes("a"), PrevKv = true }),
        ("/etcdserverpb.KV/Txn", Txn()),
        ("/etcdserverpb.KV/Compact", new CompactionRequest { Revision = 1 }),
        ("/etcdserverpb.Lease/LeaseGrant", new LeaseGrantRequest { TTL = 60 }),
        ("/etcdserverpb.Lease/LeaseRevoke", new LeaseRevokeRequest { ID = 77 }),
        ("/etcdserverpb.Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = 77, Keys = true }),
        ("/etcdserverpb.Lease/LeaseLeases", new LeaseLeasesRequest()),
        ("/etcdserverpb.Lease/LeaseKeepAlive", new LeaseKeepAliveRequest { ID = 77 }),
        ("/etcdserverpb.Cluster/MemberList", new MemberListRequest { Linearizable = true }),
        ("/etcdserverpb.Maintenance/Status", new StatusRequest()),
        ("/etcdserverpb.Maintenance/HashKV", new HashKVRequest { Revision = 2 }),
        ("/etcdserverpb.Auth/UserAdd", new AuthUserAddRequest { Name = "user", Password = "secret" }),
        ("/etcdserverpb.Auth/RoleAdd", new AuthRoleAddRequest { Name = "role" }),
        ("/etcdserverpb.Auth/Authenticate", new AuthenticateRequest { Name = "user", Password = "secret" }),
        ("/grpc.health.v1.Health/Check", new HealthCheckRequest()),
        ("/nothing/there", new RangeRequest { Key = Bytes("a") }),
    ];

    /// <summary>The opening of a connection whose client takes large answers without being asked again.</summary>
    public static readonly byte[] Opening =
    [
        .. RawHttp2.Preface,
        .. RawHttp2.Frame(RawHttp2.Settings, flags: 0, stream: 0, [0, 4, 0, 16, 0, 0]), // a MiB for each stream
        .. RawHttp2.Frame(RawHttp2.WindowUpdate, flags: 0, stream: 0, [1, 0, 0, 0]), // and 16 for all
    ];

    /// <summary>The frames of one call, of which one in four is sound.</summary>
    public IEnumerable<byte[]> Call(int stream)
    {
        (string path, IMessage message) = Sound[random.Next(Sound.Length)];
        byte[] body = message.ToByteArray();
        body = random.Next(4) switch
        {
            0 => RawHttp2.GrpcFrame(body),
            1 => Altered(RawHttp2.GrpcFrame(body)),
            _ => RawHttp2.GrpcFrame(Altered(body)),
        };
        yield return RawHttp2.Call(stream, path);
        yield return RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, stream, body);
    }

    /// <summary>The frames of one call, altered as the connection sees them: lengths, types, flags and compressed
    /// headers too.</summary>
    public IEnumerable<byte[]> BrokenCall(int stream) =>
        Call(stream).Select(frame => random.Next(2) == 0 ? Altered(frame) : frame);

    /// <summary>A stream of watch requests that the client ends by force, as nothing else would.</summary>
    public IEnumerable<byte[]> Watch(int stream)
    {
        byte[] create = new WatchRequest
        {
            CreateRequest = new WatchCreateRequest { Key = Bytes("a"), RangeEnd = Bytes("z"), StartRevision = 1 },
        }.ToByteArray();
        yield return RawHttp2.Call(stream, "/etcdserverpb.Watch/Watch");
        for (int request = 0; request < 4; request++)
            yield return RawHttp2.Frame(RawHttp2.Data, 0, stream, RawHttp2.GrpcFrame(Altered(create)));
        yield return RawHttp2.Frame(RawHttp2.Reset, 0, stream, [0, 0, 0, 8]);
    }

    /// <summary>The opening of a connection, altered, or cut off, or neither.</summary>
    public byte[] ConnectionStart() => random.Next(3) switch
    {
        0 => Opening,
        1 => Opening[..random.Next(Opening.Length)],
        _ => Altered(Opening),
    };

    /// <summary>A copy with one to three bytes changed, gone or new.</summary>
    public byte[] Altered(byte[] bytes)
    {
        byte[] altered = [.. bytes];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(altered.Length + 1);
            byte any = (byte)random.Next(256);
            altered = random.Next(4) switch
            {
                0 when at < altered.Length => [.. altered[..at], (byte)(altered[at] ^ (1 << random.Next(8))),
                    .. altered[(at + 1)..]],
                1 when at < altered.Length => [.. altered[..at], .. altered[(at + 1)..]],
                2 => altered[..at],
                _ => [.. altered[..at], any, .. altered[at..]],
            };
        }

        return altered;
    }

    /// <summary>Ends a connection as a client does that is killed, or politely.</summary>
    public void Drop(Socket socket)
    {
        if (random.Next(2) == 0)
            socket.LingerState = new LingerOption(enable: true, seconds: 0); // RST
        socket.Dispose();
    }

    private static TxnRequest Txn() => new()
    {
        Compare =
        {
            new Compare
            {
                Key = Bytes("a"), Target = Compare.Types.CompareTarget.Mod, ModRevision = 1,
                Result = Compare.Types.CompareResult.Greater,
            },
        },
        Success =
        {
            new RequestOp { RequestPut = new PutRequest { Key = Bytes("b"), Value = Bytes("1") } },
            new RequestOp { RequestRange = new RangeRequest { Key = Bytes("a") } },
        },
        Failure =
        {
            new RequestOp
            {
                RequestTxn = new TxnRequest
                {
                    Success =
                    {
                        new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = Bytes("b") } },
                    },
                },
            },
        },
    };

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);
}
