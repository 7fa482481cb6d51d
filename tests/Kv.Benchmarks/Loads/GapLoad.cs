using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks.Loads;

/// <summary>Puts without a pause from all clients, each given up after a moment and tried again: for how long nobody
/// got an answer is how long the cluster was without a leader. The longest such gap is told as the maximum.</summary>
public sealed class GapLoad(LoadOptions options, Connections connections)
{
    // A put that a dying leader took is never answered; its client must be free again long before there is a new one.
    private static readonly TimeSpan PatienceOfOne = TimeSpan.FromMilliseconds(100);
    private static readonly Method<byte[], byte[]> Put = Connections.Method("KV", "Put");

    private readonly KeySpace _keys = new(options);
    private readonly Lock _lock = new();
    private long _lastAnswer;
    private TimeSpan _longest;

    public async Task<RunResult> RunAsync()
    {
        RunResult puts = await new LoadRun(options).RunAsync("gap", PutOneAsync);
        var gaps = new LatencyHistogram();
        gaps.Record(_longest);
        return puts with { Latencies = gaps, Items = puts.Latencies.Count, Errors = 0 };
    }

    private async Task PutOneAsync(int client, Random random)
    {
        ByteString value = UnsafeByteOperations.UnsafeWrap(new byte[options.ValueBytes]);
        var put = new PutRequest { Key = _keys.Key(_keys.Next(random)), Value = value };
        using AsyncUnaryCall<byte[]> call = connections.Of(client).AsyncUnaryCall(
            Put, null, new CallOptions(deadline: DateTime.UtcNow + PatienceOfOne), put.ToByteArray());
        await call.ResponseAsync;
        Answered();
    }

    private void Answered()
    {
        lock (_lock)
        {
            long now = Stopwatch.GetTimestamp();
            if (_lastAnswer != 0 && Stopwatch.GetElapsedTime(_lastAnswer, now) is var gap && gap > _longest)
                _longest = gap;
            _lastAnswer = now;
        }
    }
}
