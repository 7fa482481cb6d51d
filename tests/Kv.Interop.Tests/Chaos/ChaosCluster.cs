using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing.Linearizability;
using Request = Kv.Testing.Linearizability.Request;

namespace Kv.Interop.Tests.Chaos;

/// <summary>Three members of ours, each behind a proxy, under the load of clients whose history is judged in the
/// end.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const int Clients = 4;
    private const int ProbeClient = 100;

    private static readonly string[] Names = ["m1", "m2", "m3"];
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan OutageMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReturnMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly List<FaultProxy> _proxies = [];
    private readonly Dictionary<string, string> _directories = [];
    private readonly History _history = new();
    private readonly List<HistoryClient> _clients = [];
    private readonly Dictionary<string, ApiClient> _probeClients = [];
    private readonly List<Task> _underWay = [];
    private int _probes;

    private ChaosCluster()
    {
    }

    public TestCluster Members { get; private set; } = null!;

    public Faults Faults { get; } = new(Names);

    public static async Task<ChaosCluster> StartAsync(int seed, params string[] flags)
    {
        var chaos = new ChaosCluster();
        chaos.Members = await TestCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours],
            settings => chaos.PutBehindProxy(settings with { Extra = flags }));
        foreach (NodeProcess node in chaos.Members.Nodes.Values)
            chaos._probeClients.Add(node.Settings.Name, new ApiClient(node.Url));
        Uri[] urls = [.. chaos.Members.Nodes.Values.Select(node => node.Url)];
        for (int number = 1; number <= Clients; number++)
            chaos._clients.Add(new HistoryClient(number, chaos._history, urls, new Random((seed * 100) + number)));
        return chaos;
    }

    public static IEnumerable<string> Others(string name) => Names.Where(other => other != name);

    /// <summary>How long it takes from now until a write is acknowledged by any of these members, all of which are
    /// asked again and again.</summary>
    public async Task<TimeSpan> MeasureOutageAsync(IEnumerable<string> members)
    {
        long start = Stopwatch.GetTimestamp();
        ApiClient[] clients = [.. members.Select(name => _probeClients[name])];
        List<Task<bool>> attempts = [];
        while (Stopwatch.GetElapsedTime(start) < OutageMax)
        {
            attempts.AddRange(clients.Select(TryPutAsync));
            _underWay.AddRange(attempts.TakeLast(clients.Length));
            var again = Task.Delay(ProbeInterval);
            while (!again.IsCompleted && attempts.Count > 0)
            {
                Task ended = await Task.WhenAny([.. attempts, again]);
                if (ended is not Task<bool> attempt)
                    break;
                attempts.Remove(attempt);
                if (await attempt)
                    return Stopwatch.GetElapsedTime(start);
            }

            await again;
        }

        throw new TimeoutException($"no write was acknowledged within {OutageMax}");
    }

    /// <summary>Waits until the member has all that another has by now.</summary>
    public async Task MustCatchUpAsync(string name)
    {
        long wanted = (await Members.StatusAsync(Others(name).First())).Header.Revision;
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        StatusResponse status;
        do
        {
            await timer.WaitForNextTickAsync();
            status = await Members.StatusAsync(name);
            Assert.True(
                Stopwatch.GetElapsedTime(start) < ReturnMax,
                $"{name} is at {status.Header.Revision}, not {wanted}\n{Members.Nodes[name].Output}");
        }
        while (status.Header.Revision < wanted || status.Leader == 0);
    }

    /// <summary>Ends the load, and judges what the clients saw.</summary>
    public async Task<int> MustBeLinearizableAsync()
    {
        foreach (HistoryClient client in _clients)
            await client.StopAsync();
        await Task.WhenAll(_underWay);
        await LookBackAsync(Members.Nodes["m1"]);
        Verdict verdict = LinearizabilityCheck.Run(_history);
        Assert.True(verdict.IsLinearizable, $"{verdict.Kind}: {verdict.Finding}");
        return _history.Operations.Count;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (HistoryClient client in _clients)
            await client.DisposeAsync();
        foreach (ApiClient client in _probeClients.Values)
            client.Dispose();
        if (Members is not null)
            await Members.DisposeAsync();
        foreach (FaultProxy proxy in _proxies)
            await proxy.DisposeAsync();
    }

    // What became of requests without an answer is told by the changes themselves, from the first on.
    private async Task LookBackAsync(NodeProcess member)
    {
        long last = (await Members.StatusAsync(member.Settings.Name)).Header.Revision;
        using var grpc = new RawGrpc(member.Url);
        await using RawStream stream = grpc.Open("/etcdserverpb.Watch/Watch");
        await stream.SendAsync(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest
            {
                Key = ByteString.CopyFromUtf8("chaos/"),
                RangeEnd = ByteString.CopyFromUtf8("chaos0"),
                StartRevision = _history.FirstRevision,
            },
        }.ToByteArray());
        for (long seen = 0; seen < last;)
        {
            byte[]? message = await stream.NextAsync(AnswerMax);
            Assert.NotNull(message);
            foreach (var changes in WatchResponse.Parser.ParseFrom(message).Events.GroupBy(each => each.Kv.ModRevision))
            {
                seen = changes.Key;
                _history.Observe(seen, [.. changes.Select(EtcdMessages.ToChange)], Stopwatch.GetTimestamp());
            }
        }
    }

    // A member that starts again is where it was.
    private NodeSettings PutBehindProxy(NodeSettings settings)
    {
        lock (_directories)
        {
            if (!_directories.TryAdd(settings.Name, settings.DataDirectory))
                return settings;
        }

        string address = Loopback.NextAddress();
        _proxies.Add(new FaultProxy(settings.Name, address, settings.PeerAddress, Faults, WhoDials));
        return settings with { AdvertisedPeerAddress = address };
    }

    private string? WhoDials(Socket dialled)
    {
        lock (_directories)
        {
            return new SocketOwner(_directories).Find(
                ((IPEndPoint)dialled.RemoteEndPoint!).Port, ((IPEndPoint)dialled.LocalEndPoint!).Port);
        }
    }

    // A write of a history, too: it makes a revision.
    private async Task<bool> TryPutAsync(ApiClient member)
    {
        string value = $"probe {Interlocked.Increment(ref _probes)}";
        var request = Request.Put("chaos/probe", value);
        Operation operation = _history.Call(ProbeClient, request, Stopwatch.GetTimestamp());
        var put = new PutRequest
        {
            Key = ByteString.CopyFromUtf8("chaos/probe"),
            Value = ByteString.CopyFromUtf8(value),
        };
        try
        {
            PutResponse response = await member.CallAsync<PutResponse>("KV/Put", put).WaitAsync(AnswerMax);
            _history.Return(operation, EtcdMessages.ToAnswer(response), Stopwatch.GetTimestamp());
            return true;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or IOException
            or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
