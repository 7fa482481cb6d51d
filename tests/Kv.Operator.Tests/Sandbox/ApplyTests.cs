using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>Server-side apply: who manages what.</summary>
public sealed class ApplyTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>
{
    private SandboxClient Client => fixture.Client;

    [Fact]
    public async Task What_a_manager_says_no_more_goes_unless_another_says_it()
    {
        string path = await StartAsync();
        await ApplyAsync(path, "first",
            """{"replicas":3,"colour":"red","parts":[{"name":"a","note":"x"},{"name":"b"}]}""");
        await ApplyAsync(path, "second", """{"colour":"red"}""");

        JsonObject now = await ApplyAsync(path, "first", """{"parts":[{"name":"a"}]}""");

        Assert.True(JsonFields.AreSame(
            JsonFields.ParseObject("""{"colour":"red","parts":[{"name":"a","weight":1}],"replicas":1}"""),
            Sorted(now.Map("spec")!)), now.ToJsonString());
    }

    [Fact]
    public async Task Another_value_for_what_another_manages_is_a_conflict_until_forced()
    {
        string path = await StartAsync();
        await ApplyAsync(path, "first", """{"replicas":3}""");

        ApiFaultException fault = await Assert.ThrowsAsync<ApiFaultException>(
            () => ApplyAsync(path, "second", """{"replicas":5}"""));
        JsonObject forced = await ApplyAsync(path, "second", """{"replicas":5}""", "&force=true");
        JsonObject after = await ApplyAsync(path, "first", """{"minimum":1}""");

        Assert.Equal((409, "Conflict"), (fault.Code, fault.Reason));
        JsonObject cause = Assert.Single(fault.Status.Items("details", "causes"));
        Assert.Equal(("FieldManagerConflict", ".spec.replicas"), (cause.Text("reason"), cause.Text("field")));
        Assert.Equal(5, forced.Number("spec", "replicas"));
        Assert.Equal(5, after.Number("spec", "replicas"));
    }

    [Fact]
    public async Task The_same_apply_twice_changes_nothing()
    {
        string path = await StartAsync();
        const string Spec = """{"replicas":3,"parts":[{"name":"a"}],"labels":{"k":"v"}}""";
        JsonObject first = await ApplyAsync(path, "first", Spec);
        JsonObject second = await ApplyAsync(path, "first", Spec);

        Assert.Equal(first.Text("metadata", "resourceVersion"), second.Text("metadata", "resourceVersion"));
    }

    [Fact]
    public async Task A_status_is_applied_and_owned_through_its_subresource()
    {
        string path = await StartAsync();
        await ApplyAsync(path, "first", """{"replicas":3}""");
        JsonObject status = JsonFields.ParseObject(
            """
            {"apiVersion":"example.test/v1","kind":"Widget",
             "status":{"conditions":[{"type":"Ready","status":"True"}]}}
            """);

        JsonObject now = await Client.SendAsync(
            HttpMethod.Patch, path + "/status?fieldManager=boss", status, "application/apply-patch+yaml");

        Assert.Equal("True", Assert.Single(now.Items("status", "conditions")).Text("status"));
        JsonObject entry = now.Items("metadata", "managedFields").Single(each => each.Text("manager") == "boss");
        Assert.Equal("status", entry.Text("subresource"));
        Assert.NotNull(entry.At("fieldsV1", "f:status", "f:conditions", """k:{"type":"Ready"}""", "f:status"));
    }

    [Fact]
    public async Task An_update_takes_fields_over_from_an_apply()
    {
        string path = await StartAsync();
        await ApplyAsync(path, "first", """{"replicas":3}""");
        await Client.MergeAsync(path, JsonFields.ParseObject("""{"spec":{"replicas":5}}"""));

        ApiFaultException fault = await Assert.ThrowsAsync<ApiFaultException>(
            () => ApplyAsync(path, "first", """{"replicas":3}"""));

        Assert.Contains("conflict with \"kv-sandbox\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Applied_labels_and_owners_of_built_in_kinds_are_merged()
    {
        string space = await fixture.NamespaceAsync();
        string path = $"/api/v1/namespaces/{space}/services/s";
        const string First = """
            {"apiVersion":"v1","kind":"Service","metadata":{"labels":{"a":"1"}},
             "spec":{"ports":[{"port":80,"name":"x"}],"selector":{"app":"x"}}}
            """;
        const string Second = """
            {"apiVersion":"v1","kind":"Service","metadata":{"labels":{"b":"2"}},
             "spec":{"ports":[{"port":81,"name":"y"}]}}
            """;
        foreach ((string manager, string body) in new[] { ("one", First), ("two", Second), ("one", First) })
        {
            await Client.SendAsync(HttpMethod.Patch, $"{path}?fieldManager={manager}",
                JsonFields.ParseObject(body), "application/apply-patch+yaml");
        }

        JsonObject now = await Client.GetAsync(path);

        Assert.Equal(2, now.Map("metadata", "labels")!.Count);
        Assert.Equal([80L, 81L], now.Items("spec", "ports").Select(port => port.Number("port") ?? 0));
    }

    private async Task<string> StartAsync()
    {
        await Widgets.DefineAsync(Client);
        return Widgets.In(await fixture.NamespaceAsync(), "a");
    }

    private Task<JsonObject> ApplyAsync(string path, string manager, string spec, string query = "") =>
        Client.SendAsync(
            HttpMethod.Patch, $"{path}?fieldManager={manager}{query}",
            Widgets.Of("a", JsonFields.ParseObject(spec)), "application/apply-patch+yaml");

    private static JsonObject Sorted(JsonObject map) =>
        new(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(
            pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
}
