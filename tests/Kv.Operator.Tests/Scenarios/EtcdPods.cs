using Kv.Kubernetes;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Models;
using Kv.Operator.Members;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A cluster of real etcds in pods that somebody made by hand, long before there was an operator.</summary>
internal sealed class EtcdPods : IAsyncDisposable
{
    private const string Label = "scenario-etcd";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly ScenarioSite _site;
    private readonly string _name;
    private readonly Informer<V1Pod> _pods;
    private readonly Task _following;

    private readonly EtcdTrust? _trust;

    private EtcdPods(ScenarioSite site, string name, EtcdTrust? trust)
    {
        _site = site;
        _name = name;
        _trust = trust;
        var options = new InformerOptions { Namespaces = [site.Space], LabelSelector = $"{Label}={name}" };
        _pods = new Informer<V1Pod>(site.Client, options, site.Metrics, NullLogger.Instance);
        _following = _pods.RunAsync(_stop.Token);
    }

    /// <param name="trust">By what they speak TLS with clients and with each other; null for plain text.</param>
    public static async Task<EtcdPods> StartAsync(ScenarioSite site, int count, EtcdTrust? trust = null)
    {
        RealEtcd.MustBeThere();
        var etcds = new EtcdPods(site, site.NextName("old"), trust);
        await site.Client.CreateAsync(etcds.Service());
        if (trust is not null)
            await trust.KeepAsync(etcds._name, etcds.NamesOfPods());
        string[] names = [.. Enumerable.Range(0, count).Select(number => $"{etcds._name}-{number}")];
        string all = string.Join(',', names.Select(name => $"{name}={etcds.PeerUrlOf(name)}"));
        foreach (string name in names)
            await site.Client.CreateAsync(etcds.Pod(name, all));
        await etcds.UntilServingAsync(count);
        if (trust is not null)
            await etcds.NameAddressesAsync(trust);
        return etcds;
    }

    /// <summary>Those that serve clients.</summary>
    public IReadOnlyList<MemberEndpoint> Serving() =>
    [
        .. _pods.List().Where(pod => pod.DeletionTimestamp() is null && ScenarioCluster.IsPodReady(pod))
            .OrderBy(pod => pod.Name())
            .Select(pod => new MemberEndpoint(pod.Name(), UrlOf(pod), UrlOf(pod).Host) { Trust = _trust?.Client }),
    ];

    public async Task UntilServingAsync(int count)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (Serving().Count != count)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < ScenarioCluster.Patience,
                $"Of the etcds serve {Serving().Count} and not {count}.\n{_site.Log}\n" +
                string.Join('\n', _pods.List().Select(pod => Kv.Kubernetes.Json.KubernetesJson.Serialize(pod.Status))));
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (V1Pod pod in _pods.List())
            await _site.Client.DeleteAsync<V1Pod>(pod.Name(), _site.Space);
        await _site.Client.DeleteAsync<V1Service>(_name, _site.Space);
        await _stop.CancelAsync();
        try
        {
            await _following;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }

        _stop.Dispose();
    }

    private string Scheme => _trust is null ? "http" : "https";

    private Uri UrlOf(V1Pod pod) => new($"{Scheme}://{pod.Status.PodIP}:2379");

    private string PeerUrlOf(string name) => $"{Scheme}://{name}.{_name}.{_site.Space}.svc.cluster.local:2380";

    private string[] NamesOfPods() => [$"*.{_name}.{_site.Space}.svc.cluster.local"];

    /// <summary>Clients ask at addresses, which are not known before there are pods. Etcd reads its certificate again
    /// for each connection.</summary>
    private async Task NameAddressesAsync(EtcdTrust trust)
    {
        await trust.KeepAsync(_name, [.. NamesOfPods(), .. _pods.List().Select(pod => pod.Status.PodIP!)]);
        using var channels = new MemberChannels(TimeProvider.System);
        var calls = new GrpcMemberCalls(channels, TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        foreach (MemberEndpoint member in Serving())
        {
            while (await calls.AskAsync(member, CancellationToken.None) is null)
            {
                Assert.True(
                    TimeProvider.System.GetElapsedTime(start) < ScenarioCluster.Patience,
                    $"{member.Address} does not show a certificate for its address.\n{_site.Log}");
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private IEnumerable<string> Tls() => _trust is null
        ? []
        : [
            "--cert-file=/tls/tls.crt", "--key-file=/tls/tls.key",
            "--trusted-ca-file=/tls/ca.crt", "--client-cert-auth",
            "--peer-cert-file=/tls/tls.crt", "--peer-key-file=/tls/tls.key",
            "--peer-trusted-ca-file=/tls/ca.crt", "--peer-client-cert-auth",
        ];

    private V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = _name, NamespaceProperty = _site.Space },
        Spec = new V1ServiceSpec
        {
            ClusterIP = "None",
            PublishNotReadyAddresses = true,
            Selector = new Dictionary<string, string> { [Label] = _name },
            Ports = [new V1ServicePort { Name = "peer", Port = 2380, Protocol = "TCP" }],
        },
    };

    private V1Pod Pod(string name, string all) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = _site.Space,
            Labels = new Dictionary<string, string> { [Label] = _name },
        },
        Spec = new V1PodSpec
        {
            Hostname = name,
            Subdomain = _name,
            RestartPolicy = "Never", // whoever has been taken out of the cluster ends
            TerminationGracePeriodSeconds = 2,
            Containers =
            [
                new V1Container
                {
                    Name = "etcd",
                    Image = RealEtcd.Image,
                    Args =
                    [
                        $"--name={name}",
                        "--data-dir=/var/lib/etcd/data",
                        $"--listen-client-urls={Scheme}://$(POD_IP):2379",
                        $"--advertise-client-urls={Scheme}://$(POD_IP):2379",
                        "--listen-metrics-urls=http://$(POD_IP):2381",
                        $"--listen-peer-urls={Scheme}://$(POD_IP):2380",
                        $"--initial-advertise-peer-urls={PeerUrlOf(name)}",
                        $"--initial-cluster={all}",
                        "--initial-cluster-state=new",
                        "--snapshot-count=200", // whoever joins is sent a snapshot
                        .. Tls(),
                    ],
                    Env =
                    [
                        new V1EnvVar
                        {
                            Name = "POD_IP",
                            ValueFrom = new V1EnvVarSource
                            {
                                FieldRef = new V1ObjectFieldSelector { FieldPath = "status.podIP" },
                            },
                        },
                    ],
                    ReadinessProbe = new V1Probe
                    {
                        HttpGet = new V1HTTPGetAction { Path = "/health", Port = 2381 },
                        PeriodSeconds = 1,
                        FailureThreshold = 1,
                    },
                    VolumeMounts = [.. Mounts()],
                },
            ],
            Volumes = [.. Volumes()],
        },
    };

    private IEnumerable<V1VolumeMount> Mounts()
    {
        yield return new V1VolumeMount { Name = "data", MountPath = "/var/lib/etcd" };
        if (_trust is not null)
            yield return new V1VolumeMount { Name = "tls", MountPath = "/tls" };
    }

    private IEnumerable<V1Volume> Volumes()
    {
        yield return new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() };
        if (_trust is not null)
            yield return new V1Volume { Name = "tls", Secret = new V1SecretVolumeSource { SecretName = _name } };
    }
}
