using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks.Loads;

/// <summary>Loads of the KV service.</summary>
public sealed class KvLoads(LoadOptions options, Connections connections)
{
    private const int SpreadBits = 10;

    private static readonly Method<byte[], byte[]> Put = Connections.Method("KV", "Put");
    private static readonly Method<byte[], byte[]> Range = Connections.Method("KV", "Range");
    private static readonly Method<byte[], byte[]> Txn = Connections.Method("KV", "Txn");

    private readonly KeySpace _keys = new(options);
    private long _bytes;

    public Task<RunResult> PutAsync() => new LoadRun(options).RunAsync("put", PutOneAsync);

    /// <summary>Ranges of one key, or of many; the run must have keys to find.</summary>
    public async Task<RunResult> RangeAsync()
    {
        RunResult result = await new LoadRun(options).RunAsync("range", RangeOneAsync);
        return result with { Items = options.Span > 1 ? result.Latencies.Count * options.Span : null };
    }

    /// <summary>Transactions of as many puts as the span tells.</summary>
    public async Task<RunResult> TxnAsync()
    {
        RunResult result = await new LoadRun(options).RunAsync("txn", TxnOneAsync);
        return result with { Items = result.Latencies.Count * options.Span };
    }

    public Task<RunResult> MixedAsync() => new LoadRun(options).RunAsync("mixed", MixedOneAsync);

    public static byte[] PutMessage(KeySpace keys, long key) =>
        new PutRequest { Key = keys.Key(key), Value = keys.Value }.ToByteArray();

    public static byte[] RangeMessage(LoadOptions options, KeySpace keys, long key) => new RangeRequest
    {
        Key = keys.Key(key),
        RangeEnd = options.Span > 1 ? KeySpace.All.End : ByteString.Empty,
        Limit = options.Span > 1 ? options.Span : 0,
        Serializable = options.Serializable,
    }.ToByteArray();

    private Task PutOneAsync(int client, Random random) =>
        CallAsync(Put, client, PutMessage(_keys, _keys.Next(random)));

    private Task RangeOneAsync(int client, Random random)
    {
        // A range of many begins where so many follow.
        long key = options.Span > 1 ? random.Next(Math.Max(1, options.Keys - options.Span)) : _keys.Next(random);
        return CallAsync(Range, client, RangeMessage(options, _keys, key));
    }

    private Task TxnOneAsync(int client, Random random)
    {
        var txn = new TxnRequest();
        for (int index = 0; index < options.Span; index++)
        {
            // Keys of one transaction must differ; a random one is followed by its neighbours.
            long key = options.Sequential || index == 0 ? _keys.Next(random) : (random.Next() << SpreadBits) + index;
            var put = new PutRequest { Key = _keys.Key(key % options.Keys), Value = _keys.Value };
            txn.Success.Add(new RequestOp { RequestPut = put });
        }

        return CallAsync(Txn, client, txn.ToByteArray());
    }

    private Task MixedOneAsync(int client, Random random) =>
        random.Next(100) < options.ReadPercent ? RangeOneAsync(client, random) : PutOneAsync(client, random);

    private async Task CallAsync(Method<byte[], byte[]> method, int client, byte[] message)
    {
        using AsyncUnaryCall<byte[]> call = connections.Of(client).AsyncUnaryCall(method, null, default, message);
        byte[] answer = await call.ResponseAsync;
        Interlocked.Add(ref _bytes, answer.Length);
    }
}
