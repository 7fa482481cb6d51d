using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Etcdserverpb;
using Grpc.Core;
using Kv.Grpc;
using Kv.Kubernetes.Json;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Hosting;

/// <summary>Kubelet, provisioner and nodes of many clusters of one member, without a process: each pod gets an address
/// of its own, at which one server for all answers as that member would.</summary>
internal sealed class FakeFleet : IAsyncDisposable
{
    private const int ClientPort = 2379;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly SandboxClient _client;
    private readonly string _space;
    private readonly int _net;
    private readonly ConcurrentDictionary<string, int> _numbers = new();
    private readonly GrpcServer _server = new(new GrpcServerOptions());
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <param name="client">Whose objects to look after.</param>
    /// <param name="space">Their namespace.</param>
    /// <param name="net">Second number of the addresses.</param>
    public FakeFleet(SandboxClient client, string space, int net) => (_client, _space, _net) = (client, space, net);

    public async Task StartAsync(int members)
    {
        _server.Add(Maintenance.BindService(new FakeMaintenance(this)));
        _server.Add(Cluster.BindService(new FakeCluster(this)));
        await _server.StartAsync(
            Enumerable.Range(0, members).Select(number => (EndPoint)new IPEndPoint(AddressOf(number), ClientPort)));
        _running = RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private IPAddress AddressOf(int number) =>
        new([127, (byte)_net, (byte)(1 + (number / 200)), (byte)(1 + (number % 200))]);

    private async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await BindAsync(stop);
                await PlaceAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task BindAsync(CancellationToken stop)
    {
        JsonObject claims = await _client.GetAsync(ObjectPath.Core("persistentvolumeclaims", _space), stop);
        foreach (JsonObject claim in claims.Items("items").Where(each => each.Text("status", "phase") != "Bound"))
        {
            string path = ObjectPath.Core("persistentvolumeclaims", _space, claim.Text("metadata", "name")!);
            await _client.MergeAsync(path + "/status", new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Bound",
                    ["capacity"] = claim["spec"]!["resources"]!["requests"]!.DeepClone(),
                },
            }, stop);
        }
    }

    private async Task PlaceAsync(CancellationToken stop)
    {
        JsonObject pods = await _client.GetAsync(ObjectPath.Core("pods", _space), stop);
        foreach (JsonObject pod in pods.Items("items").Where(each => each.Text("status", "podIP") is null))
        {
            string name = pod.Text("metadata", "name")!;
            int number = _numbers.GetOrAdd(name, _ => _numbers.Count);
            string now = TimeConverter.ToText(DateTime.UtcNow);
            await _client.MergeAsync(ObjectPath.Core("pods", _space, name) + "/status", new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Running",
                    ["podIP"] = AddressOf(number).ToString(),
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Ready",
                        ["status"] = "True",
                        ["lastTransitionTime"] = now,
                    }),
                },
            }, stop);
        }
    }

    /// <summary>Whoever is asked is known by the address at which it was asked.</summary>
    private (string Member, ulong Id) AskedIn(ServerCallContext context)
    {
        string address = context.Host.Split(':')[0];
        (string member, int number) = _numbers.First(each => AddressOf(each.Value).ToString() == address);
        return (member, (ulong)(0x1000 + number));
    }

    private static ResponseHeader HeaderOf(ulong id) =>
        new() { ClusterId = id << 8, MemberId = id, RaftTerm = 2, Revision = 1 };

    private sealed class FakeMaintenance(FakeFleet fleet) : Maintenance.MaintenanceBase
    {
        public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
        {
            (_, ulong id) = fleet.AskedIn(context);
            return Task.FromResult(new StatusResponse
            {
                Header = HeaderOf(id),
                Leader = id,
                RaftIndex = 10,
                RaftAppliedIndex = 10,
                RaftTerm = 2,
                DbSize = 20480,
                DbSizeInUse = 20480,
                Version = "3.7.1",
            });
        }
    }

    private sealed class FakeCluster(FakeFleet fleet) : Cluster.ClusterBase
    {
        public override Task<MemberListResponse> MemberList(MemberListRequest request, ServerCallContext context)
        {
            (string member, ulong id) = fleet.AskedIn(context);
            string cluster = member[..member.LastIndexOf('-')];
            string host = $"{member}.{cluster}-peers.{fleet._space}.svc.cluster.local";
            return Task.FromResult(new MemberListResponse
            {
                Header = HeaderOf(id),
                Members = { new Member { ID = id, Name = member, PeerURLs = { $"http://{host}:2380" } } },
            });
        }
    }
}
