using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A cluster whose clients and members speak TLS by certificates of the operator.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class TrustScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    [Theory]
    [Seeds(1)]
    public async Task A_new_authority_of_certificates_costs_no_request_and_no_restart(int seed)
    {
        site.Operator.Start();
        await using ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "trust", spec =>
        {
            spec.Replicas = 3;
            spec.Tls = new TlsSpec
            {
                Client = new ClientTlsSpec { RequireClientCertificate = true },
                Peer = new PeerTlsSpec(),
            };
        });
        using var stop = new CancellationTokenSource();
        Task following = FollowAsync(cluster, stop.Token);
        await cluster.UntilReadyAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        string[] pods = Pods(cluster);
        string old = cluster.Trust!.Authorities;

        await cluster.AnnotateAsync(Names.RotateAuthority, "now");
        await UntilAsync(cluster, "trust both", trust => Count(trust) == 2);
        await UntilAsync(cluster, "trust the new one alone", trust => Count(trust) == 1 && trust != old);
        await load.MoreAsync(200, TimeSpan.FromSeconds(20));

        Assert.Equal(pods, Pods(cluster));
        string story = await load.MustHoldAsync();
        output.WriteLine(story);
        Assert.Contains(" 0 without an answer", story, StringComparison.Ordinal);
        await stop.CancelAsync();
        await following;
    }

    // As a pod that mounts the Secret for clients would.
    private static async Task FollowAsync(ScenarioCluster cluster, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look);
        while (!stop.IsCancellationRequested)
        {
            V1Secret? secret = await cluster.Site.Client.GetAsync<V1Secret>(
                $"{cluster.Name}-user-tls", cluster.Site.Space, CancellationToken.None);
            if (secret?.Data is { } data)
            {
                string Text(string key) => Encoding.UTF8.GetString(data[key]);
                cluster.Trust = new MemberTrust(Text("ca.crt"), Text("tls.crt"), Text("tls.key"));
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static async Task UntilAsync(ScenarioCluster cluster, string what, Func<string, bool> isSo)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (!isSo(cluster.Trust!.Authorities))
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < ScenarioCluster.Patience,
                $"{cluster.Name} did not come to {what}.\n{cluster.Site.Log}");
            await timer.WaitForNextTickAsync();
        }
    }

    private static int Count(string authorities) =>
        authorities.Split("BEGIN CERTIFICATE", StringSplitOptions.None).Length - 1;

    private static string[] Pods(ScenarioCluster cluster) =>
    [
        .. cluster.Pods.OrderBy(pod => pod.Name()).Select(pod =>
            $"{pod.Name()} {pod.Uid()} restarted {pod.Status.ContainerStatuses![0].RestartCount} times"),
    ];
}
