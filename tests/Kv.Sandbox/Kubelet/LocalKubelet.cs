using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Runs the pods of several simulated nodes as processes of this machine. It is a client of an API server
/// like any other.</summary>
internal sealed class LocalKubelet : IAsyncDisposable
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(10);

    private readonly KubeletOptions _options;
    private readonly SandboxClient _client;
    private readonly Mirror _pods;
    private readonly EventWriter _events;
    private readonly PodAddresses _addresses;
    private readonly LogEndpoint _logs;
    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Running)> _workers = new(
        StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    public LocalKubelet(KubeletOptions options, SandboxClient client, Mirror pods)
    {
        _options = options;
        _client = client;
        _pods = pods;
        _events = new EventWriter(client, "kubelet");
        _addresses = new PodAddresses(options.Network);
        _logs = new LogEndpoint(Find);
        Directory.CreateDirectory(options.Directory);
        LaunchScript.WriteTo(options.Directory);
        HostsFile.Create(options.Directory);
    }

    private string HostAddress => $"127.{_options.Network}.0.2";

    /// <summary>Starts to serve logs, and makes the nodes known.</summary>
    public async Task StartAsync(CancellationToken cancelled)
    {
        await _logs.StartAsync(HostAddress, cancelled);
        foreach ((string name, string zone) in _options.Nodes)
            await RegisterAsync(name, zone, cancelled);
    }

    /// <summary>Starts what is new, tells running pods what has changed, ends what is gone.</summary>
    public Task RunRoundAsync()
    {
        HashSet<string> present = new(StringComparer.Ordinal);
        foreach (JsonObject pod in _pods.All)
        {
            string uid = pod.Text("metadata", "uid") ?? "";
            present.Add(uid);
            if (_workers.TryGetValue(uid, out (PodWorker Worker, Task Running) known))
                known.Worker.Update(pod);
            else if (IsOurs(pod))
                Begin(pod, uid);
        }

        foreach ((string uid, (PodWorker worker, Task running)) in _workers)
        {
            if (!present.Contains(uid))
                worker.Vanish();
            if (running.IsCompleted && !present.Contains(uid) && _workers.TryRemove(uid, out _))
                _addresses.Return(worker.Address);
        }

        return Task.CompletedTask;
    }

    /// <summary>Says that the nodes are alive, until it is stopped.</summary>
    public async Task BeatAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(HeartbeatInterval);
        try
        {
            do
            {
                foreach ((string name, _) in _options.Nodes)
                    await TryBeatAsync(name, stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its owner stops it.
        }
    }

    /// <summary>Ends all pods' processes; the pods themselves stay as they are.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers.Values.Select(each => each.Running));
        await _logs.DisposeAsync();
        _stop.Dispose();
    }

    private PodWorker? Find(string space, string name) => _workers.Values
        .Select(each => each.Worker).LastOrDefault(worker => worker.Key == $"{space}/{name}");

    // A pod that has ended is not run again, not even by a kubelet that starts anew.
    private bool IsOurs(JsonObject pod) =>
        _options.Nodes.Any(node => node.Name == pod.Text("spec", "nodeName"))
        && pod.Text("status", "phase") is not ("Succeeded" or "Failed");

    private void Begin(JsonObject pod, string uid)
    {
        var place = new PodPlace(_addresses.Take(), HostAddress, ManagedFields.Writer.Now);
        var worker = new PodWorker(_options, _client, _events, pod, place);
        _workers[uid] = (worker, Task.Run(() => worker.RunAsync(_stop.Token)));
    }

    private async Task TryBeatAsync(string name, CancellationToken stop)
    {
        try
        {
            string path = ObjectPath.Of("coordination.k8s.io/v1", "leases", "kube-node-lease", name);
            string now = MicroTimeConverter.ToText(DateTime.UtcNow);
            await _client.SendAsync(HttpMethod.Patch, path + "?fieldManager=kubelet&force=true", new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["spec"] = new JsonObject
                {
                    ["holderIdentity"] = name,
                    ["leaseDurationSeconds"] = 40,
                    ["renewTime"] = now,
                },
            }, "application/apply-patch+yaml", stop);
        }
        catch (Exception fault) when (fault is ApiFaultException or HttpRequestException)
        {
            _options.Log($"node {name}: {fault.Message}");
        }
    }

    private async Task RegisterAsync(string name, string zone, CancellationToken cancelled)
    {
        string path = ObjectPath.Core("nodes", name: name);
        if (await _client.FindAsync(path, cancelled) is null)
        {
            await _client.CreateAsync(ObjectPath.Core("nodes"), new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["labels"] = new JsonObject
                    {
                        ["kubernetes.io/hostname"] = name,
                        ["kubernetes.io/os"] = "linux",
                        ["topology.kubernetes.io/zone"] = zone,
                        ["topology.kubernetes.io/region"] = "sandbox",
                    },
                },
                ["spec"] = new JsonObject(),
            }, cancelled);
        }

        JsonObject capacity = new()
        {
            ["cpu"] = "8",
            ["memory"] = "16Gi",
            ["pods"] = "110",
            ["ephemeral-storage"] = "100Gi"
        };
        await _client.MergeAsync(path + "/status", new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["capacity"] = capacity.Copy(),
                ["allocatable"] = capacity,
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["reason"] = "KubeletReady",
                    ["message"] = "the sandbox runs its pods as processes",
                    ["lastHeartbeatTime"] = ManagedFields.Writer.Now,
                    ["lastTransitionTime"] = ManagedFields.Writer.Now,
                }),
                ["addresses"] = new JsonArray(
                    new JsonObject { ["type"] = "InternalIP", ["address"] = HostAddress },
                    new JsonObject { ["type"] = "Hostname", ["address"] = name }),
                ["daemonEndpoints"] = new JsonObject
                {
                    ["kubeletEndpoint"] = new JsonObject { ["Port"] = _logs.Port },
                },
                ["nodeInfo"] = new JsonObject
                {
                    ["kubeletVersion"] = "v1.32.0+kv-sandbox",
                    ["operatingSystem"] = "linux",
                    ["containerRuntimeVersion"] = "processes",
                },
            },
        }, cancelled);
    }
}
