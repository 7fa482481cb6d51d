using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Clusters;

/// <summary>A client that puts one key after the other, each once, at whichever member answers, and remembers what was
/// acknowledged and how long the longest wait was.</summary>
public sealed class SteadyWriter : IAsyncDisposable
{
    private static readonly TimeSpan CallMax = TimeSpan.FromSeconds(2);

    // Before it looks again whether there is any member to write to.
    private static readonly TimeSpan Lull = TimeSpan.FromMilliseconds(20);

    private readonly Func<IReadOnlyList<NodeProcess>> _nodes;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly string _prefix;
    private int _acknowledged;
    private int _failures;
    private long _longestWait;

    public SteadyWriter(string prefix, Func<IReadOnlyList<NodeProcess>> nodes)
    {
        _prefix = prefix;
        _nodes = nodes;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Keys 1 to this were acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Attempts that were not acknowledged.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>From a put to its acknowledgement, attempts that failed included.</summary>
    public TimeSpan LongestWait => TimeSpan.FromTicks(Volatile.Read(ref _longestWait));

    /// <summary>Returns when so many more were acknowledged.</summary>
    public async Task MoreAsync(int count, TimeSpan within)
    {
        int goal = Acknowledged + count;
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (Acknowledged < goal)
        {
            if (Stopwatch.GetElapsedTime(start) > within)
                Assert.Fail($"only {Acknowledged - goal + count} of {count} writes were acknowledged within {within}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Stops, and checks at this member that every acknowledged write is there.</summary>
    public async Task MustAllBeAtAsync(NodeProcess node)
    {
        await _stop.CancelAsync();
        await _running;
        using var client = new ApiClient(node.Url);
        var request = new RangeRequest
        {
            Key = ByteString.CopyFromUtf8(_prefix),
            RangeEnd = ByteString.CopyFromUtf8(_prefix + "~"),
            KeysOnly = true,
        };
        RangeResponse found = await client.CallAsync<RangeResponse>("KV/Range", request);
        var keys = found.Kvs.Select(each => each.Key.ToStringUtf8()).ToHashSet();
        for (int number = 1; number <= Acknowledged; number++)
            Assert.Contains(KeyOf(number), keys);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var lull = new PeriodicTimer(Lull);
        for (int number = 1; !_stop.IsCancellationRequested; number++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int attempt = number; !_stop.IsCancellationRequested; attempt++)
            {
                IReadOnlyList<NodeProcess> nodes = _nodes();
                if (nodes.Count == 0)
                {
                    await lull.WaitForNextTickAsync();
                }
                else if (await TryPutAsync(nodes[attempt % nodes.Count], number))
                {
                    Volatile.Write(ref _acknowledged, number);
                    Volatile.Write(
                        ref _longestWait, Math.Max(_longestWait, Stopwatch.GetElapsedTime(start).Ticks));
                    break;
                }

                Interlocked.Increment(ref _failures);
            }
        }
    }

    private async Task<bool> TryPutAsync(NodeProcess node, int number)
    {
        var put = new PutRequest
        {
            Key = ByteString.CopyFromUtf8(KeyOf(number)),
            Value = ByteString.CopyFromUtf8(new string('v', 1 + (number % 500))),
        };
        try
        {
            using var client = new ApiClient(node.Url);
            await client.CallAsync<PutResponse>("KV/Put", put).WaitAsync(CallMax);
            return true;
        }
        catch (Exception refusal) when (refusal is ApiException or HttpRequestException or IOException
            or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private string KeyOf(int number) => $"{_prefix}{number:d8}";
}
