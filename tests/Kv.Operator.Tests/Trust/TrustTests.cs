using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Reconciling;
using Kv.Operator.Tests.Reconciling;
using Kv.Operator.Trust;
using Kv.Testing;

namespace Kv.Operator.Tests.Trust;

public sealed class TrustTests : IDisposable
{
    private readonly ManualTime _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryApi _api;
    private readonly ClusterTrust _trust;

    public TrustTests()
    {
        _api = new MemoryApi(new Fate(), _clock);
        _trust = new ClusterTrust(_api, _clock);
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Without_TLS_there_is_nothing_to_keep()
    {
        Assert.Null(await PrepareAsync(Layout(tls: null)));

        Assert.Empty(_api.All<V1Secret>());
    }

    [Fact]
    public async Task An_authority_and_leaves_for_all_names_are_made_once()
    {
        ClusterLayout layout = Layout(new TlsSpec
        {
            Client = new ClientTlsSpec { ExtraNames = ["kv.example", "10.1.2.3"] },
            Peer = new PeerTlsSpec(),
        });

        MemberTrust? first = await PrepareAsync(layout);
        MemberTrust? again = await PrepareAsync(layout);

        Assert.Equal(first, again);
        Assert.Equal(
            ["demo-ca", "demo-client-tls", "demo-peer-tls", "demo-user-tls"],
            _api.All<V1Secret>().Select(secret => secret.Name()));
        using var leaf = X509Certificate2.CreateFromPem(first!.Certificate, first.Key);
        Assert.All(
            ["kv.example", "10.1.2.3", "demo.default.svc", "demo-7.demo-peers.default.svc.cluster.local", "localhost"],
            name => Assert.True(leaf.MatchesHostname(name), name));
        Assert.False(leaf.MatchesHostname("other.example"));
        Assert.True(IsTrusted(first.Authorities, first.Certificate));
        V1Secret mounted = _api.All<V1Secret>().Single(secret => secret.Name() == "demo-client-tls");
        Assert.Equal(["ca.crt", "tls.crt", "tls.key"], mounted.Data!.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Leaves_are_renewed_at_two_thirds_of_their_life()
    {
        ClusterLayout layout = Layout(new TlsSpec { Client = new ClientTlsSpec() });
        MemberTrust? first = await PrepareAsync(layout);

        _clock.Advance((AuthorityPlan.LeafLife * 2 / 3) - TimeSpan.FromHours(1));
        MemberTrust? early = await PrepareAsync(layout);
        _clock.Advance(TimeSpan.FromHours(2));
        MemberTrust? late = await PrepareAsync(layout);

        Assert.Equal(first, early);
        Assert.NotEqual(first!.Certificate, late!.Certificate);
        Assert.Equal(first.Authorities, late.Authorities);
    }

    /// <summary>At each moment, whoever has the files of the step before trusts whoever has those of the step after,
    /// and the reverse.</summary>
    [Fact]
    public async Task A_change_of_authority_never_parts_two_members()
    {
        ClusterLayout layout = Layout(new TlsSpec { Client = new ClientTlsSpec() });
        MemberTrust? before = await PrepareAsync(layout);
        MemberTrust first = before!;
        layout.Cluster.SetAnnotation(Names.RotateAuthority, "2026-01");

        var seen = new HashSet<string> { first.Authorities };
        for (int minute = 0; minute < 30; minute++)
        {
            MemberTrust now = (await PrepareAsync(layout))!;
            Assert.True(IsTrusted(now.Authorities, before!.Certificate));
            Assert.True(IsTrusted(before.Authorities, now.Certificate));
            seen.Add(now.Authorities);
            before = now;
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.False(IsTrusted(before!.Authorities, first.Certificate));
        Assert.Equal(4, seen.Count); // A, AB, BA, B
        Assert.Equal(before, await PrepareAsync(layout)); // and asked once is done once
    }

    [Fact]
    public async Task Secrets_of_others_are_never_written()
    {
        _api.Add(new V1Secret { Metadata = new() { Name = "demo-ca", NamespaceProperty = "default" } });

        var refused = await Assert.ThrowsAsync<ObstacleException>(
            () => PrepareAsync(Layout(new TlsSpec { Client = new ClientTlsSpec() })));

        Assert.Contains("demo-ca", refused.Message, StringComparison.Ordinal);
        Assert.Null(_api.All<V1Secret>().Single().Data);
    }

    [Fact]
    public async Task A_named_Secret_must_have_its_keys()
    {
        ClusterLayout layout = Layout(new TlsSpec
        {
            Client = new ClientTlsSpec { Issuer = CertificateIssuer.Secret, SecretName = "mine" },
        });

        var absent = await Assert.ThrowsAsync<ObstacleException>(() => PrepareAsync(layout));
        Assert.Contains("does not exist", absent.Message, StringComparison.Ordinal);

        _api.Add(new V1Secret
        {
            Metadata = new() { Name = "mine", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { ["tls.crt"] = [1], ["tls.key"] = [1] },
        });
        var partial = await Assert.ThrowsAsync<ObstacleException>(() => PrepareAsync(layout));
        Assert.Contains("ca.crt", partial.Message, StringComparison.Ordinal);
    }

    /// <summary>Whoever issues them: one that is not renewed is told of by an alert.</summary>
    [Fact]
    public async Task The_end_that_is_told_is_that_of_the_certificate_that_ends_first()
    {
        Assert.Null((await LookAsync(Layout(tls: null))).EndsAt);
        DateTimeOffset whole = _clock.GetUtcNow() + AuthorityPlan.LeafLife;
        Assert.Equal(whole, (await LookAsync(Layout(new TlsSpec { Peer = new PeerTlsSpec() }))).EndsAt);

        TestCertificate mine = new TestAuthority().Issue("peer", new() { End = TimeSpan.FromHours(12) });
        _clock.Advance(mine.Certificate.NotBefore.ToUniversalTime() - _clock.GetUtcNow());
        _api.Add(SecretOf("mine", mine.ChainPem, mine.KeyPem));
        ClusterCertificates both = await LookAsync(Layout(new TlsSpec
        {
            Client = new ClientTlsSpec(),
            Peer = new PeerTlsSpec { Issuer = CertificateIssuer.Secret, SecretName = "mine" },
        }));

        Assert.Equal(new DateTimeOffset(mine.Certificate.NotAfter.ToUniversalTime()), both.EndsAt);
        Assert.NotNull(both.Trust);
    }

    [Fact]
    public async Task A_named_Secret_must_hold_a_certificate()
    {
        _api.Add(SecretOf("mine", "no certificate", "no key"));

        var refused = await Assert.ThrowsAsync<ObstacleException>(() => PrepareAsync(Layout(new TlsSpec
        {
            Peer = new PeerTlsSpec { Issuer = CertificateIssuer.Secret, SecretName = "mine" },
        })));

        Assert.Equal("tls.crt of the Secret mine is no certificate.", refused.Message);
    }

    private static V1Secret SecretOf(string name, string certificate, string key) => new()
    {
        Metadata = new() { Name = name, NamespaceProperty = "default" },
        Data = new Dictionary<string, byte[]>
        {
            ["tls.crt"] = Encoding.UTF8.GetBytes(certificate),
            ["tls.key"] = Encoding.UTF8.GetBytes(key),
            ["ca.crt"] = Encoding.UTF8.GetBytes(certificate),
        },
    };

    private async Task<MemberTrust?> PrepareAsync(ClusterLayout layout) => (await LookAsync(layout)).Trust;

    private Task<ClusterCertificates> LookAsync(ClusterLayout layout) =>
        _trust.PrepareAsync(layout, mayChange: true, CancellationToken.None);

    private static ClusterLayout Layout(TlsSpec? tls) => new(
        new V1KvCluster
        {
            Metadata = new() { Name = "demo", NamespaceProperty = "default", Uid = "u-1" },
            Spec = new KvClusterSpec { Tls = tls },
        },
        new OperatorDefaults());

    private bool IsTrusted(string authorities, string certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(authorities);
        using var leaf = X509Certificate2.CreateFromPem(certificate);
        return chain.Build(leaf);
    }
}
