using Kv.Sandbox.Client;
using Kv.Sandbox.Kubelet;
using Kv.Sandbox.Loops;

namespace Kv.Sandbox.Cluster;

/// <summary>What runs beside an API server: mirrors of what is there, loops that act on it, and the kubelet. All of it
/// is clients, so that it could as well work against another server.</summary>
internal sealed class ClusterParts : IAsyncDisposable
{
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Mirror> _mirrors = [];
    private readonly List<Loop> _loops = [];
    private readonly List<Task> _running = [];
    private readonly LocalKubelet _kubelet;
    private readonly ServiceProxy _proxy;

    public ClusterParts(SandboxClient client, Uri server, string authorityPem, SandboxOptions options)
    {
        Directory = Path.Combine(options.Directory, "kubelet");
        Mirror pods = Copy(client, ObjectPath.Core("pods"));
        Mirror nodes = Copy(client, ObjectPath.Core("nodes"));
        Mirror services = Copy(client, ObjectPath.Core("services"));
        Mirror slices = Copy(client, ObjectPath.Of("discovery.k8s.io/v1", "endpointslices"));
        Mirror claims = Copy(client, ObjectPath.Core("persistentvolumeclaims"));
        Mirror volumes = Copy(client, ObjectPath.Core("persistentvolumes"));
        Mirror classes = Copy(client, ObjectPath.Of("storage.k8s.io/v1", "storageclasses"));
        Mirror budgets = Copy(client, ObjectPath.Of("policy/v1", "poddisruptionbudgets"));
        Mirror jobs = Copy(client, ObjectPath.Of("batch/v1", "jobs"));
        Mirror deployments = Copy(client, ObjectPath.Of("apps/v1", "deployments"));
        Mirror spaces = Copy(client, ObjectPath.Core("namespaces"));
        Mirror accounts = Copy(client, ObjectPath.Core("serviceaccounts"));
        Mirror settings = Copy(client, ObjectPath.Core("configmaps"));
        var events = new EventWriter(client, "sandbox");
        _kubelet = new LocalKubelet(
            new KubeletOptions
            {
                Directory = Directory,
                Images = options.Images,
                Nodes = options.Nodes,
                Network = options.Network,
                Mark = options.Directory,
                Server = server,
                BackoffFirst = options.BackoffFirst,
                Log = options.Log,
            },
            client,
            pods);
        _proxy = new ServiceProxy(services, slices, options.Log);
        string volumeRoot = Path.Combine(options.Directory, "volumes");
        var hosts = new HostsFile(Directory, services, slices);
        var scheduler = new SchedulerLoop(client, pods, nodes, claims, volumes, classes, events);
        var provisioner = new VolumeLoop(client, claims, volumes, classes, pods, volumeRoot);
        var keeper = new AccountLoop(client, spaces, accounts, settings, authorityPem);
        Add("scheduler", Often, scheduler.RunRoundAsync, options);
        Add("kubelet", Often, _ => _kubelet.RunRoundAsync(), options);
        Add("services", Often, new ServiceLoop(client, services, pods, slices).RunRoundAsync, options);
        Add("hosts", Often, _ => hosts.RunRoundAsync(), options);
        Add("proxy", Often, _ => _proxy.RunRoundAsync(), options);
        Add("volumes", Often, provisioner.RunRoundAsync, options);
        Add("budgets", Often, new BudgetLoop(client, budgets, pods).RunRoundAsync, options);
        Add("jobs", Often, new JobLoop(client, jobs, events).RunRoundAsync, options);
        Add("deployments", Often, new DeploymentLoop(client, deployments).RunRoundAsync, options);
        Add("garbage", Often, new GarbageLoop(client).RunRoundAsync, options, isWoken: false);
        Add("accounts", Often, keeper.RunRoundAsync, options);
    }

    /// <summary>Where the kubelet works.</summary>
    public string Directory { get; }

    public async Task StartAsync(CancellationToken cancelled)
    {
        await _kubelet.StartAsync(cancelled);
        foreach (Mirror mirror in _mirrors)
            _running.Add(Task.Run(() => mirror.RunAsync(_stop.Token), cancelled));
        await Task.WhenAll(_mirrors.Select(mirror => mirror.Listed)).WaitAsync(cancelled);
        foreach (Loop loop in _loops)
            _running.Add(Task.Run(() => loop.RunAsync(_stop.Token), cancelled));
        _running.Add(_kubelet.BeatAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _proxy.Dispose();
        await _kubelet.DisposeAsync();
        _stop.Dispose();
    }

    private Mirror Copy(SandboxClient client, string path)
    {
        var mirror = new Mirror(client, path, WakeAll);
        _mirrors.Add(mirror);
        return mirror;
    }

    private void Add(
        string name, TimeSpan interval, Func<CancellationToken, Task> round, SandboxOptions options,
            bool isWoken = true)
    {
        var loop = new Loop(name, interval, round, options.Log) { IsWokenByChanges = isWoken };
        _loops.Add(loop);
    }

    // A round costs little, and a change of one kind concerns nearly all loops.
    private void WakeAll()
    {
        foreach (Loop loop in _loops.Where(loop => loop.IsWokenByChanges))
            loop.Wake();
    }
}
