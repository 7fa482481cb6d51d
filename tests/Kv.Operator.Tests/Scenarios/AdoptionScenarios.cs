using System.Diagnostics;
using Grpc.Core;
using Kv.Operator.Api;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A cluster of real etcds changes hands while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class AdoptionScenarios(ScenarioSite site, ITestOutputHelper output)
{
    // What a leader that is an etcd says while it hands leadership on. It has not proposed what was asked for.
    private const string Dropped = "raft proposal dropped";

    // What an etcd says that was taken out of the cluster and ends, and none of ours. What was asked for may be done or
    // not, as if it had said nothing.
    private const string Ended = "raft: stopped";

    private static readonly TimeSpan WritesWithin = TimeSpan.FromSeconds(10);

    [Theory]
    [Seeds(1)]
    public async Task A_cluster_of_real_etcds_changes_hands_under_load(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "There is no image of etcd that this Kubernetes is sure to have.");
        site.Operator.Start();
        await using EtcdPods etcds = await EtcdPods.StartAsync(site, count: 3);
        await using ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "heir", spec =>
        {
            spec.Replicas = 3;
            spec.Bootstrap = new BootstrapSpec
            {
                // Of one; where the others are is what the cluster tells.
                FromEtcd = new EtcdSource { Endpoints = [etcds.Serving()[0].Address.ToString().TrimEnd('/')] },
            };
        });
        cluster.Others = etcds.Serving;

        await ChangeHandsAsync(cluster, etcds, seed);
    }

    /// <summary>Both sides have certificates of one authority, that of the etcds. Who has others is told so, before
    /// anything is done.</summary>
    [Theory]
    [Seeds(1)]
    public async Task A_cluster_of_etcds_that_speak_TLS_changes_hands_as_soon_as_both_sides_trust_each_other(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "There is no image of etcd that this Kubernetes is sure to have.");
        site.Operator.Start();
        var trust = new EtcdTrust(site);
        var other = new EtcdTrust(site);
        await using EtcdPods etcds = await EtcdPods.StartAsync(site, count: 3, trust);
        string name = site.NextName("heir");
        (string own, string source) = ($"{name}-certificates", $"{name}-source");
        string[] hosts = [$"{name}.{site.Space}.svc", $"*.{Names.PeerServiceOf(name)}.{site.Space}.svc"];
        await trust.KeepAsync(own, [.. hosts, .. hosts.Select(host => $"{host}.cluster.local")]);
        await EtcdTrust.WriteAsync(site, source, other.Client);
        await using ScenarioCluster cluster = await ScenarioCluster.CreateNamedAsync(site, name, spec =>
        {
            spec.Replicas = 3;
            spec.Tls = new TlsSpec
            {
                Client = new ClientTlsSpec
                {
                    Issuer = CertificateIssuer.Secret,
                    SecretName = own,
                    RequireClientCertificate = true,
                },
                Peer = new PeerTlsSpec { Issuer = CertificateIssuer.Secret, SecretName = own },
            };
            spec.Bootstrap = new BootstrapSpec
            {
                FromEtcd = new EtcdSource
                {
                    Endpoints = [.. etcds.Serving().Select(each => each.Address.ToString().TrimEnd('/'))],
                    TlsSecret = source,
                },
            };
        });
        cluster.Trust = trust.Client;
        cluster.Others = etcds.Serving;

        string first = await UntilUntrustedAsync(cluster, notAs: "");
        await EtcdTrust.WriteAsync(site, source, other.Client with { Authorities = trust.Client.Authorities });
        await UntilUntrustedAsync(cluster, notAs: first);
        await EtcdTrust.WriteAsync(site, source, trust.Client);

        await ChangeHandsAsync(cluster, etcds, seed);
    }

    /// <summary>Waits until it is told that the certificates do not fit; nothing has been done by then.</summary>
    /// <param name="notAs">What was told before.</param>
    private async Task<string> UntilUntrustedAsync(ScenarioCluster cluster, string notAs)
    {
        V1KvCluster found = await cluster.UntilAsync(
            "say that certificates do not fit",
            found => found.Status?.Conditions?.Any(each => each.Message != notAs &&
                each is { Type: "Degraded", Status: "True", Reason: "EtcdUntrusted" }) == true);
        Assert.Null(found.Status.ClusterId);
        Assert.Empty(cluster.Pods);
        Assert.Equal(3, (await cluster.Guard.ListAsync()).Count);
        string told = found.Status.Conditions!.Single(each => each.Type == "Degraded").Message!;
        output.WriteLine(told);
        return told;
    }

    /// <summary>Our members join and get votes, and the others leave when that is asked for, while clients write and
    /// read.</summary>
    private async Task ChangeHandsAsync(ScenarioCluster cluster, EtcdPods etcds, int seed)
    {
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        long start = Stopwatch.GetTimestamp();

        for (int voters = 1; voters <= 3; voters++)
        {
            await cluster.UntilAsync(
                $"have {voters} voters of ours", found => Voters(found) >= voters);
            output.WriteLine($"with {voters} of ours all agree at revision {await load.MustAgreeNowAsync()}");
        }

        V1KvCluster joined = await cluster.UntilAsync(
            "say that all are in", found => PhaseOf(found) == "AwaitingFinalize");
        Assert.Equal(3, joined.Status.Adoption!.ForeignMembers!.Count);
        output.WriteLine($"joined after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");
        await load.MoreAsync(100, WritesWithin);
        Assert.Equal(6, (await cluster.Guard.ListAsync()).Count);
        Assert.Equal(3, etcds.Serving().Count);

        long finalized = Stopwatch.GetTimestamp();
        await cluster.ChangeAsync("""{"bootstrap":{"fromEtcd":{"finalize":true}}}""");
        for (int others = 2; others >= 0; others--)
        {
            await cluster.UntilAsync(
                $"have {others} members left that are not ours",
                found => found.Status.Adoption!.ForeignMembers!.Count <= others);
            await load.MustAgreeNowAsync();
        }

        await cluster.UntilAsync("say that it is adopted", found => ScenarioCluster.IsTrue(found, "Adopted"));
        V1KvCluster ready = await cluster.UntilReadyAsync();
        output.WriteLine(
            $"finalized after {Stopwatch.GetElapsedTime(finalized).TotalSeconds:f1} s, longest pause "
            + $"{load.LongestPauseSince(start).TotalMilliseconds:f0} ms");
        Assert.All(
            await cluster.Guard.ListAsync(),
            line => Assert.StartsWith(cluster.Name, line.Name, StringComparison.Ordinal));
        Assert.Equal(ready.Status.ClusterId, joined.Status.ClusterId);
        await etcds.UntilServingAsync(count: 0);
        await load.MoreAsync(50, WritesWithin);

        output.WriteLine(await load.MustHoldAsync());
        Assert.All(load.Refusals, each => Assert.True(IsRetriable(each.Code, each.Detail), $"{each}"));
    }

    /// <summary>What clients try again, with this member or another.</summary>
    private static bool IsRetriable(StatusCode code, string detail) =>
        code is StatusCode.Unavailable or StatusCode.DeadlineExceeded
        || (code == StatusCode.Unknown && detail is Dropped or Ended);

    private static string? PhaseOf(V1KvCluster cluster) => cluster.Status.Adoption?.Phase;

    private static int Voters(V1KvCluster cluster) =>
        cluster.Status.Members?.Count(line => line.Role is "Voter" or "Leader") ?? 0;
}
