using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>Whom the client believes to be the server, and how it shows who it is.</summary>
public sealed class TlsTests : IDisposable
{
    private const string Address = "127.4.7.1";

    private readonly RuntimeMetrics _metrics = new();
    private readonly TestAuthority _authority = new("cluster");
    private readonly TempDirectory _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _authority.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task Only_the_clusters_own_authority_vouches_for_the_server()
    {
        using var stranger = new TestAuthority("stranger");
        await using var server = await ServerAsync(_authority, Address);

        Assert.True(await IsBelievedAsync(server, _authority));
        Assert.False(await IsBelievedAsync(server, stranger));
        Assert.False(await IsBelievedAsync(server, authority: null)); // whom the machine trusts
    }

    [Fact]
    public async Task The_server_must_bear_its_name_or_the_one_that_is_configured()
    {
        await using var server = await ServerAsync(_authority, "kube.example");

        Assert.False(await IsBelievedAsync(server, _authority));
        foreach (string name in (string[])["kube.example", "other"])
        {
            bool isBelieved = await IsBelievedAsync(server, _authority, config => config with { TlsServerName = name });
            Assert.Equal(name == "kube.example", isBelieved);
        }

        Assert.True(await IsBelievedAsync(server, authority: null, config => config with { SkipTlsVerify = true }));
    }

    [Fact]
    public async Task A_new_authority_is_found_in_its_file()
    {
        using var next = new TestAuthority("next");
        string path = Path.Combine(_folder.Path, "ca.crt");
        File.WriteAllBytes(path, _authority.Pem);
        await using var server = await ServerAsync(next, Address);
        var config = new KubernetesClientConfiguration { Host = server.Url, Authorities = TrustRoots.OfFile(path) };
        using var client = new KubernetesClient(config, _metrics);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<V1Namespace>("n"));

        File.WriteAllBytes(path, next.Pem);

        Assert.NotNull(await client.GetAsync<V1Namespace>("n"));
    }

    [Fact]
    public async Task A_client_certificate_is_shown_and_a_renewed_one_after_it()
    {
        var time = new ManualTime();
        var pair = _authority.Issue("first");
        await using var server = await ServerAsync(_authority, Address);
        var config = new KubernetesClientConfiguration
        {
            Host = server.Url,
            Authorities = TrustRoots.OfPem(_authority.Pem),
            Credential = new CertificateFileCredential(() => pair, time),
        };
        using var client = new KubernetesClient(config, _metrics);

        await client.GetAsync<V1Namespace>("n");
        pair = _authority.Issue("second");
        await client.GetAsync<V1Namespace>("n");
        time.Advance(TimeSpan.FromMinutes(1));
        await client.GetAsync<V1Namespace>("n");
        pair = (pair.Certificate, _authority.Issue("half-written").Key);
        time.Advance(TimeSpan.FromMinutes(1));
        await client.GetAsync<V1Namespace>("n");

        Assert.Equal(
            ["CN=first", "CN=first", "CN=second", "CN=second"],
            server.Requests.Select(each => each.Certificate?.Subject));
    }

    private static async Task<FakeApiServer> ServerAsync(TestAuthority authority, string name)
    {
        var server = await FakeApiServer.StartAsync(authority.IssueWithKey(name));
        server.On("GET /api/v1/namespaces/n", Answers.Json("""{"kind":"Namespace","metadata":{"name":"n"}}"""));
        return server;
    }

    private async Task<bool> IsBelievedAsync(
        FakeApiServer server,
        TestAuthority? authority,
        Func<KubernetesClientConfiguration, KubernetesClientConfiguration>? change = null)
    {
        var config = new KubernetesClientConfiguration
        {
            Host = server.Url,
            Authorities = authority is null ? null : TrustRoots.OfPem(authority.Pem),
        };
        using var client = new KubernetesClient(change is null ? config : change(config), _metrics);
        try
        {
            return await client.GetAsync<V1Namespace>("n") is not null;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
