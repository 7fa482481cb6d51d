using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Interop.Tests.Wire;

/// <summary>What the recorded calls to Lock and Election wrote, as plain requests to KV: with them the revisions and
/// keys that later lines see are the recorded ones.</summary>
public static class LockStandIns
{
    private static readonly Dictionary<int, RequestOp> Writes = new()
    {
        [615] = Put("mx/1f", "", 31),
        [618] = Delete("mx/1f"),
        [622] = Put("/1f", "", 31),
        [623] = Delete("/1f"),
        [624] = Put("auto/x", "", 0),
        [625] = Delete("auto/x"),
        [627] = Put("el/1f", "one", 31),
        [629] = Put("el/1f", "two", 31),
        [631] = Put("el/1f", "three", 31),
        [638] = Delete("el/1f"),
        [925] = Put("own/lk/29", "", 41),
        [1093] = Put("own/lk/29", "", 41),
        [1094] = Put("lk/29", "", 41),
        [1096] = Put("secretel/29", "1", 41),
    };

    /// <summary>The request to KV.Txn that does what the line did; null if it changed nothing.</summary>
    public static TxnRequest? Find(int line) =>
        Writes.TryGetValue(line, out RequestOp? write) ? new TxnRequest { Success = { write } } : null;

    private static RequestOp Put(string key, string value, long lease) => new()
    {
        RequestPut = new PutRequest
        {
            Key = ByteString.CopyFromUtf8(key),
            Value = ByteString.CopyFromUtf8(value),
            Lease = lease,
        },
    };

    private static RequestOp Delete(string key) =>
        new() { RequestDeleteRange = new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(key) } };
}
