using System.Buffers.Binary;
using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks.Loads;

/// <summary>Watchers of all keys of the run while puts come at a rate. A value begins with the moment at which its put
/// was due, so each watcher knows how late its events are.</summary>
public sealed class WatchLoad(LoadOptions options, Connections connections)
{
    private const int StampBytes = sizeof(long);

    private static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(20);
    private static readonly Method<byte[], byte[]> Put = Connections.Method("KV", "Put");
    private static readonly Method<byte[], byte[]> Watch =
        Connections.Method("Watch", "Watch", MethodType.DuplexStreaming);

    private readonly KeySpace _keys = new(options);
    private long _puts;
    private long _events;

    public async Task<RunResult> RunAsync()
    {
        using var stop = new CancellationTokenSource();
        Watcher[] watchers = [.. Enumerable.Range(0, options.Watchers).Select(index => new Watcher(this, index))];
        await Task.WhenAll(watchers.Select(watcher => watcher.StartAsync(stop.Token)));
        long clock = Stopwatch.GetTimestamp();
        RunResult puts = await new LoadRun(options).RunAsync("watch", PutOneAsync);
        await SettleAsync(watchers);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(clock);
        await stop.CancelAsync();

        var delays = new LatencyHistogram();
        foreach (Watcher watcher in watchers)
            delays.Add(await watcher.EndAsync());
        return puts with { Latencies = delays, Items = _events, Elapsed = elapsed };
    }

    private CallInvoker InvokerOf(int index) => connections.Of(index);

    private async Task PutOneAsync(int client, Random random)
    {
        byte[] value = new byte[Math.Max(StampBytes, options.ValueBytes)];
        BinaryPrimitives.WriteInt64LittleEndian(value, Stopwatch.GetTimestamp());
        ByteString key = _keys.Key(_keys.Next(random));
        var put = new PutRequest { Key = key, Value = UnsafeByteOperations.UnsafeWrap(value) };
        using AsyncUnaryCall<byte[]> call =
            connections.Of(client).AsyncUnaryCall(Put, null, default, put.ToByteArray());
        await call.ResponseAsync;
        Interlocked.Increment(ref _puts);
    }

    // The last events are still under way when the last put is answered.
    private async Task SettleAsync(Watcher[] watchers)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        long start = Stopwatch.GetTimestamp();
        while (watchers.Any(watcher => watcher.Count < _puts) && Stopwatch.GetElapsedTime(start) < SettleMax)
            await timer.WaitForNextTickAsync();
        _events = watchers.Sum(watcher => watcher.Count);
    }

    private sealed class Watcher(WatchLoad load, int index)
    {
        private readonly LatencyHistogram _delays = new();
        private Task _reading = Task.CompletedTask;
        private long _count;

        public long Count => Interlocked.Read(ref _count);

        public async Task StartAsync(CancellationToken stop)
        {
            AsyncDuplexStreamingCall<byte[], byte[]> call = load.InvokerOf(index)
                .AsyncDuplexStreamingCall(Watch, null, new CallOptions(cancellationToken: stop));
            (ByteString start, ByteString end) = KeySpace.All;
            var create = new WatchCreateRequest { Key = start, RangeEnd = end };
            await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = create }.ToByteArray(), stop);
            await call.ResponseStream.MoveNext(stop);
            _reading = ReadAsync(call, stop);
        }

        public async Task<LatencyHistogram> EndAsync()
        {
            await _reading;
            return _delays;
        }

        private async Task ReadAsync(AsyncDuplexStreamingCall<byte[], byte[]> call, CancellationToken stop)
        {
            try
            {
                while (await call.ResponseStream.MoveNext(stop))
                    Take(WatchResponse.Parser.ParseFrom(call.ResponseStream.Current));
            }
            catch (Exception ended) when (ended is RpcException or OperationCanceledException)
            {
                // The run is over.
            }
            finally
            {
                call.Dispose();
            }
        }

        private void Take(WatchResponse response)
        {
            foreach (Mvccpb.Event change in response.Events)
            {
                long sent = BinaryPrimitives.ReadInt64LittleEndian(change.Kv.Value.Span);
                _delays.Record(Stopwatch.GetElapsedTime(sent));
            }

            Interlocked.Add(ref _count, response.Events.Count);
        }
    }
}
