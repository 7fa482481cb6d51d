using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Api;

/// <summary>A cluster begins once, so what it begins with is said when it is made, whole, and stays as it is.</summary>
public sealed class BootstrapChangeTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    private const string Named = """{"fromSnapshot":{"name":"daily"}}""";

    private const string InVolume =
        """{"fromSnapshot":{"location":{"persistentVolumeClaim":{"claimName":"backups","path":"a/b.db"}}}}""";

    private const string InStore =
        """{"fromSnapshot":{"location":{"s3":{"bucket":"backups","key":"a/b.db","credentialsSecret":"store"}}}}""";

    [Theory]
    [InlineData(Named)]
    [InlineData(InVolume)]
    [InlineData(InStore)]
    public async Task Each_source_alone_is_taken_and_the_revision_is_raised(string bootstrap)
    {
        JsonObject made = await server.Client.GetAsync(await CreateAsync(bootstrap));

        Assert.Equal(1_000_000_000, made["spec"]?["bootstrap"]?["fromSnapshot"]?["bumpRevision"]?.GetValue<long>());
    }

    [Theory]
    [InlineData("{}", "give exactly one source in spec.bootstrap")]
    [InlineData("""{"fromSnapshot":{}}""", "give exactly one of spec.bootstrap.fromSnapshot.name")]
    [InlineData(
        """{"fromSnapshot":{"name":"a","location":{"persistentVolumeClaim":{"claimName":"b","path":"c"}}}}""",
        "give exactly one of spec.bootstrap.fromSnapshot.name")]
    [InlineData("""{"fromSnapshot":{"location":{}}}""", "give exactly one of location.persistentVolumeClaim")]
    [InlineData(
        """{"fromSnapshot":{"location":{"persistentVolumeClaim":{"claimName":"b","path":"../c"}}}}""",
        "path is that of a file below the root of the volume")]
    [InlineData("""{"fromSnapshot":{"name":"a","bumpRevision":-1}}""", "bumpRevision")]
    public async Task What_says_nothing_or_too_much_is_refused(string bootstrap, string message)
    {
        var refused = await Assert.ThrowsAsync<ApiFaultException>(() => CreateAsync(bootstrap));

        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Named, """{"fromSnapshot":{"name":"weekly"}}""", "cannot be changed")]
    [InlineData(Named, """{"fromSnapshot":{"bumpRevision":7}}""", "cannot be changed")]
    [InlineData(Named, "null", "spec.bootstrap cannot be added to or removed from")]
    [InlineData("null", Named, "spec.bootstrap cannot be added to or removed from")]
    public async Task It_cannot_be_changed_afterwards(string bootstrap, string patch, string message)
    {
        string path = await CreateAsync(bootstrap);

        var refused = await Assert.ThrowsAsync<ApiFaultException>(() => server.Client.MergeAsync(
            path, JsonFields.ParseObject($$"""{ "spec": { "bootstrap": {{patch}} } }""")));

        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private Task<string> CreateAsync(string bootstrap) =>
        server.ClusterAsync($$"""{ "replicas": 1, "bootstrap": {{bootstrap}} }""");
}
