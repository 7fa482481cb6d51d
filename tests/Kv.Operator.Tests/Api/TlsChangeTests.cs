using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Api;

/// <summary>Members serve with TLS or without: a cluster cannot be rolled from one to the other, and so the change is
/// refused before anything is touched.</summary>
public sealed class TlsChangeTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Theory]
    [InlineData("null", """{"tls":{"client":{}}}""", "spec.tls cannot be added to or removed from")]
    [InlineData("""{"client":{},"peer":{}}""", """{"tls":null}""", "spec.tls cannot be added to or removed from")]
    [InlineData("""{"client":{}}""", """{"tls":{"peer":{}}}""", "spec.tls.client and spec.tls.peer cannot be added")]
    [InlineData("""{"client":{},"peer":{}}""", """{"tls":{"client":null}}""", "spec.tls.client and spec.tls.peer")]
    public async Task Encryption_is_neither_turned_on_nor_off(string tls, string patch, string message)
    {
        string path = await CreateAsync(tls);

        var refused = await Assert.ThrowsAsync<ApiFaultException>(() => server.Client.MergeAsync(path, Spec(patch)));

        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_certificates_are_for_may_change()
    {
        string path = await CreateAsync("""{"client":{},"peer":{}}""");

        JsonObject changed = await server.Client.MergeAsync(
            path, Spec("""{"tls":{"client":{"extraNames":["kv.example"]}}}"""));

        Assert.Equal("kv.example", changed["spec"]?["tls"]?["client"]?["extraNames"]?[0]?.GetValue<string>());
    }

    private static JsonObject Spec(string fields) => JsonFields.ParseObject($$"""{"spec":{{fields}}}""");

    private Task<string> CreateAsync(string tls) =>
        server.ClusterAsync($$"""{ "replicas": 1, "tls": {{tls}} }""");
}
