using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Operator.Members;
using Kv.Testing.Linearizability;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Clients at work while a scenario runs, and in the end the judgement of what they saw: nothing that any
/// was answered contradicts what another was, every acknowledged write is there, and all members agree.</summary>
internal sealed class ScenarioLoad : IAsyncDisposable
{
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly ScenarioCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<long> _acknowledgedAt = [];
    private readonly List<string> _failures = [];
    private readonly HashSet<(StatusCode Code, string Detail)> _refusals = [];
    private Task _running = Task.CompletedTask;

    private ScenarioLoad(ScenarioCluster cluster, long revision)
    {
        _cluster = cluster;
        Prefix = $"load-{revision}/";
        History = new History { FirstRevision = revision };
    }

    /// <summary>What all keys of this load begin with. Nobody else writes to the cluster meanwhile.</summary>
    public string Prefix { get; }

    public History History { get; }

    /// <summary>Writes that were acknowledged.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_gate)
                return _acknowledgedAt.Count;
        }
    }

    /// <summary>Requests without an answer, the last ones in words.</summary>
    public string Failures
    {
        get
        {
            lock (_gate)
                return $"{_failures.Count} without an answer\n{string.Join('\n', _failures.TakeLast(10))}";
        }
    }

    /// <summary>How requests were refused, or not answered.</summary>
    public IReadOnlyList<(StatusCode Code, string Detail)> Refusals
    {
        get
        {
            lock (_gate)
                return [.. _refusals];
        }
    }

    /// <summary>Clients that ask, four of them for anything and the rest for puts alone.</summary>
    /// <param name="putsPerSecond">What those others put together.</param>
    public static async Task<ScenarioLoad> StartAsync(ScenarioCluster cluster, int seed, int putsPerSecond = 0)
    {
        const int MixedClients = 4;
        const int PutsPerClient = 40;
        var load = new ScenarioLoad(cluster, await RevisionAsync(cluster));
        List<Task> clients = [];
        int all = MixedClients + (putsPerSecond / PutsPerClient);
        for (int number = 1; number <= all; number++)
        {
            bool onlyPuts = number > MixedClients;
            var pace = TimeSpan.FromMilliseconds(1000 / PutsPerClient);
            var client = new ScenarioClient(
                number, cluster, load, pace, onlyPuts, new Random((seed * 1000) + number));
            clients.Add(Task.Run(() => client.RunAsync(load._stop.Token)));
        }

        load._running = Task.WhenAll(clients);
        await load.MoreAsync(20, TimeSpan.FromSeconds(20));
        return load;
    }

    public void Return(Operation operation, Answer answer)
    {
        long now = Stopwatch.GetTimestamp();
        History.Return(operation, answer, now);
        if (!answer.IsWrite(operation.Request))
            return;
        lock (_gate)
            _acknowledgedAt.Add(now);
    }

    public void Fail(Operation operation, string member, Status status)
    {
        lock (_gate)
        {
            _refusals.Add((status.StatusCode, status.Detail));
            _failures.Add(
                $"{DateTime.UtcNow:HH:mm:ss.fff} {member}: {operation.Request}: {status.StatusCode} {status.Detail}");
        }
    }

    /// <summary>Returns when so many more writes were acknowledged.</summary>
    public async Task MoreAsync(int count, TimeSpan within)
    {
        int goal = Acknowledged + count;
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (Acknowledged < goal)
        {
            Assert.True(
                Stopwatch.GetElapsedTime(start) < within,
                $"Of {count} writes {goal - Acknowledged} are missing after {within}; {Failures}\n{_cluster.Site.Log}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>The longest time without an acknowledged write since then.</summary>
    public TimeSpan LongestPauseSince(long start)
    {
        lock (_gate)
        {
            long longest = 0;
            long last = start;
            foreach (long at in _acknowledgedAt.Where(at => at > start).Append(Stopwatch.GetTimestamp()))
            {
                longest = Math.Max(longest, at - last);
                last = at;
            }

            return Stopwatch.GetElapsedTime(0, longest);
        }
    }

    /// <summary>Acknowledged writes per second since then.</summary>
    public double RateSince(long start)
    {
        lock (_gate)
            return _acknowledgedAt.Count(at => at > start) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Ends the load, and judges.</summary>
    /// <returns>What there is to say about it.</returns>
    public async Task<string> MustHoldAsync()
    {
        await _stop.CancelAsync();
        await _running;
        long last = await LookBackAsync();
        Verdict verdict = LinearizabilityCheck.Run(History);
        Assert.True(verdict.IsLinearizable, $"{verdict.Kind}: {verdict.Finding}\n{_cluster.Guard.Story}");
        MustAllBeThere();
        await MustAgreeAsync(last);
        _cluster.Guard.MustHaveSeenNothingWrong();
        return $"{_cluster.Name}: {History.Operations.Count} operations, {Acknowledged} writes acknowledged, "
            + $"{Failures}\n{_cluster.Guard.Story}";
    }

    /// <summary>Compares the hashes of all who serve at the present revision, while the load goes on. One that ceases
    /// to serve meanwhile is let off.</summary>
    /// <returns>That revision.</returns>
    public async Task<long> MustAgreeNowAsync()
    {
        long revision = await RevisionAsync(_cluster);
        Dictionary<string, string> hashes = [];
        foreach (MemberEndpoint member in _cluster.Serving())
        {
            try
            {
                HashKVResponse hash = await HashAsync(
                    member, revision, () => _cluster.Serving().Any(each => each.Member == member.Member));
                hashes[member.Member] = $"{hash.Hash:x8} of compacted {hash.CompactRevision} at {revision}, "
                    + $"when it was at {hash.Header.Revision}";
            }
            catch (RpcException) when (_cluster.Serving().All(each => each.Member != member.Member))
            {
                // It has left.
            }
        }

        Assert.NotEmpty(hashes);
        Assert.True(
            hashes.Values.Select(each => each.Split(',')[0]).Distinct().Count() == 1,
            $"{string.Join('\n', hashes)}\n{_cluster.Guard.Story}");
        return revision;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static async Task<long> RevisionAsync(ScenarioCluster cluster)
    {
        var request = new RangeRequest { Key = ByteString.CopyFrom(0), CountOnly = true };
        RangeResponse now = await cluster.AskAsync(
            invoker => new KV.KVClient(invoker).RangeAsync(request, deadline: DateTime.UtcNow + AnswerMax), AnswerMax);
        return now.Header.Revision;
    }

    // What became of requests without an answer is told by the changes themselves, from the first on.
    private async Task<long> LookBackAsync()
    {
        long last = await RevisionAsync(_cluster);
        using var limit = new CancellationTokenSource(AnswerMax);
        CallInvoker invoker = _cluster.Channels.For(_cluster.Serving()[0]);
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch =
            new Watch.WatchClient(invoker).Watch(cancellationToken: limit.Token);
        await watch.RequestStream.WriteAsync(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest
            {
                Key = ByteString.CopyFromUtf8(Prefix),
                RangeEnd = ByteString.CopyFromUtf8(Prefix + "~"),
                StartRevision = History.FirstRevision + 1,
                Fragment = true,
            },
        });
        for (long seen = History.FirstRevision; seen < last;)
        {
            Assert.True(await watch.ResponseStream.MoveNext(limit.Token), "The watch ended.");
            foreach (var changes in watch.ResponseStream.Current.Events.GroupBy(each => each.Kv.ModRevision))
            {
                seen = changes.Key;
                History.Observe(seen, [.. changes.Select(EtcdMessages.ToChange)], Stopwatch.GetTimestamp());
            }
        }

        return last;
    }

    private void MustAllBeThere()
    {
        var there = History.Observations.ToDictionary(each => each.Revision, each => each.Changes);
        foreach (Operation operation in History.Operations.Where(each => each.Answer?.IsWrite(each.Request) == true))
        {
            var put = (Step.Put)operation.Request.Then[0];
            Assert.True(
                there.TryGetValue(operation.Answer!.Revision, out IReadOnlyList<ObservedChange>? changes)
                    && changes.Any(each => each.Key == put.Key && each.Value?.Value == put.Value),
                $"acknowledged and lost: {operation}\n{_cluster.Guard.Story}");
        }
    }

    /// <summary>Compares the hashes of all members over all of history at one revision.</summary>
    private async Task MustAgreeAsync(long revision)
    {
        List<string> hashes = [];
        foreach (MemberEndpoint member in _cluster.Running())
        {
            HashKVResponse hash = await HashAsync(member, revision, () => true);
            hashes.Add($"{hash.Hash:x8} of compacted {hash.CompactRevision} at {revision}");
        }

        Assert.True(hashes.Distinct().Count() == 1, string.Join('\n', hashes));
    }

    // A member that is behind does not have that revision yet.
    private async Task<HashKVResponse> HashAsync(MemberEndpoint member, long revision, Func<bool> isAwaited)
    {
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (true)
        {
            try
            {
                return await new Maintenance.MaintenanceClient(_cluster.Channels.For(member)).HashKVAsync(
                    new HashKVRequest { Revision = revision }, deadline: DateTime.UtcNow + AnswerMax);
            }
            catch (RpcException) when (isAwaited() && Stopwatch.GetElapsedTime(start) < AnswerMax)
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }
}
