using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>What keeps the two sides of an adoption from trusting each other is told before anything is done, and what
/// is mended is found so.</summary>
public sealed class AdoptionTests
{
    private const string SecretName = "old-etcd-clients";

    private static readonly TlsSpec Secured = new() { Client = new ClientTlsSpec(), Peer = new PeerTlsSpec() };

    public static TheoryData<string[], string> BadSecrets => new()
    {
        { ["tls.crt", "tls.key"], $"The Secret {SecretName} lacks ca.crt." },
        { ["ca.crt", "tls.crt"], $"The Secret {SecretName} has one of tls.crt and tls.key only." },
        { ["ca.crt", "tls.key"], $"The Secret {SecretName} has one of tls.crt and tls.key only." },
    };

    [Fact]
    public async Task A_Secret_that_is_missing_is_told_and_waited_for()
    {
        using Harness harness = Adopting("https", Secured, SecretName);
        await MustBlockAsync(harness, $"The Secret {SecretName} does not exist.");

        harness.Api.Add(Secret("ca.crt", "tls.crt", "tls.key"));
        await harness.SettleAsync();
    }

    [Theory]
    [MemberData(nameof(BadSecrets))]
    public async Task A_Secret_that_is_of_no_use_is_told(string[] keys, string told)
    {
        using Harness harness = Adopting("https", Secured, SecretName);
        harness.Api.Add(Secret(keys));

        await MustBlockAsync(harness, told);
    }

    [Fact]
    public async Task Certificates_that_the_other_side_does_not_take_are_told_until_they_are_others()
    {
        using Harness harness = Adopting("https", Secured, SecretName);
        harness.Api.Add(Secret("ca.crt"));
        harness.Members.EtcdFault = "certificate";
        await MustBlockAsync(
            harness, "Nobody of the etcd cluster answers; http://etcd-0.etcd:2379/: certificate");

        harness.Members.EtcdFault = null;
        await harness.SettleAsync();
    }

    /// <summary>A member that joined would hear nobody, and be given up half an hour later.</summary>
    [Theory]
    [InlineData("https", false, "they speak TLS: make this KvCluster anew with spec.tls.peer")]
    [InlineData("http", true, "they speak plain text, and ours would speak TLS")]
    public async Task Members_that_would_not_hear_each_other_are_not_joined(string scheme, bool isSecured, string told)
    {
        using Harness harness = Adopting(scheme, isSecured ? Secured : null, secretName: null);

        await MustBlockAsync(harness, told);
    }

    private static Harness Adopting(string scheme, TlsSpec? tls, string? secretName)
    {
        var harness = new Harness(replicas: 3, tls);
        harness.Members.EtcdPeerScheme = scheme;
        Scenario.Adopt(harness, etcds: 3, isFinal: true);
        harness.Change(cluster => cluster.Spec.Bootstrap!.FromEtcd!.TlsSecret = secretName);
        return harness;
    }

    private static async Task MustBlockAsync(Harness harness, string told)
    {
        for (int step = 0; step < 20; step++)
            await harness.StepAsync();

        V1Condition degraded = harness.Cluster!.Status.Conditions!.Single(each => each.Type == "Degraded");
        Assert.Equal(("True", nameof(Obstacle.EtcdUntrusted)), (degraded.Status, degraded.Reason));
        Assert.Contains(told, degraded.Message, StringComparison.Ordinal);
        Assert.Null(harness.Cluster.Status.ClusterId);
        Assert.Empty(harness.Api.All<V1Pod>());
        Assert.Empty(harness.Api.All<V1PersistentVolumeClaim>());
        Assert.Equal(0, harness.Fate.CountOf("add"));
    }

    private static V1Secret Secret(params string[] keys) => new()
    {
        Metadata = new V1ObjectMeta { Name = SecretName, NamespaceProperty = "default" },
        Data = keys.ToDictionary(key => key, _ => "PEM"u8.ToArray()),
    };
}
