using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>What clients rely on when they read, write and delete.</summary>
public sealed class ApiServerTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>
{
    private SandboxClient Client => fixture.Client;

    [Fact]
    public async Task Creating_gives_identity_defaults_and_a_generated_name()
    {
        string space = await StartAsync();
        JsonObject widget = Widgets.Of("");
        widget["metadata"] = new JsonObject { ["generateName"] = "made-" };
        widget["status"] = new JsonObject { ["replicas"] = 9 };

        JsonObject made = await Client.CreateAsync(Widgets.In(space), widget);

        Assert.Matches("^made-[bcdfghjklmnpqrstvwxz2456789]{5}$", made.Text("metadata", "name"));
        Assert.Equal(1, made.Number("metadata", "generation"));
        Assert.Equal(1, made.Number("spec", "replicas"));
        Assert.NotNull(made.Text("metadata", "uid"));
        Assert.Null(made["status"]);
    }

    [Fact]
    public async Task A_write_must_not_overlook_another()
    {
        string space = await StartAsync();
        JsonObject first = await Client.CreateAsync(Widgets.In(space), Widgets.Of("a"));
        JsonObject second = first.Copy();
        first.Ensure("spec")["replicas"] = 3;
        second.Ensure("spec")["replicas"] = 5;
        await Client.ReplaceAsync(Widgets.In(space, "a"), first);
        JsonObject blind = Widgets.Of("a");

        ApiFaultException stale = await FailsAsync(() => Client.ReplaceAsync(Widgets.In(space, "a"), second));
        ApiFaultException unversioned = await FailsAsync(() => Client.ReplaceAsync(Widgets.In(space, "a"), blind));
        ApiFaultException twice = await FailsAsync(() => Client.CreateAsync(Widgets.In(space), Widgets.Of("a")));

        Assert.Equal((409, "Conflict"), (stale.Code, stale.Reason));
        Assert.Equal((422, "Invalid"), (unversioned.Code, unversioned.Reason));
        Assert.Equal((409, "AlreadyExists"), (twice.Code, twice.Reason));
    }

    [Fact]
    public async Task Generation_counts_wishes_and_a_write_without_change_is_none()
    {
        string space = await StartAsync();
        JsonObject made = await Client.CreateAsync(Widgets.In(space), Widgets.Of("a"));
        JsonObject same = await Client.MergeAsync(Widgets.In(space, "a"), Parse("""{"spec":{"replicas":1}}"""));
        JsonObject labelled = await Client.MergeAsync(
            Widgets.In(space, "a"), Parse("""{"metadata":{"labels":{"x":"y"}},"status":{"replicas":7}}"""));
        JsonObject status = await Client.MergeAsync(
            Widgets.In(space, "a") + "/status", Parse("""{"status":{"replicas":2},"spec":{"replicas":5}}"""));
        JsonObject scaled = await Client.MergeAsync(Widgets.In(space, "a"), Parse("""{"spec":{"replicas":3}}"""));

        Assert.Equal(made.Text("metadata", "resourceVersion"), same.Text("metadata", "resourceVersion"));
        Assert.Equal(1, labelled.Number("metadata", "generation"));
        Assert.Null(labelled["status"]);
        Assert.Equal((1L, 2L), (status.Number("spec", "replicas"), status.Number("status", "replicas")));
        Assert.Equal(1, status.Number("metadata", "generation"));
        Assert.Equal((2L, 2L), (scaled.Number("metadata", "generation"), scaled.Number("status", "replicas")));
    }

    [Theory]
    [InlineData("""{"replicas":2}""", "spec.replicas", "Unsupported value: 2: supported values: 1, 3, 5")]
    [InlineData("""{"replicas":"3"}""", "spec.replicas", "must be of type integer")]
    [InlineData("""{"minimum":10}""", "spec.minimum", "should be less than or equal to 9")]
    [InlineData("""{"colour":"Red"}""", "spec.colour", "should match '^[a-z]+$'")]
    [InlineData("""{"colour":"abcdefghijk"}""", "spec.colour", "at most 10 chars")]
    [InlineData("""{"minimum":3}""", "spec", "replicas must not be below minimum")]
    [InlineData("""{"size":"1Ki"}""", "spec.size", "size must be above 1Mi")]
    [InlineData("""{"parts":[{"weight":1}]}""", "spec.parts[0].name", "Required value")]
    [InlineData("""{"parts":[{"name":"a"},{"name":"a"}]}""", "spec.parts[1]", "Duplicate value")]
    public async Task A_wrong_field_is_named_with_what_would_be_right(string spec, string field, string message)
    {
        string space = await StartAsync();

        ApiFaultException fault = await FailsAsync(
            () => Client.CreateAsync(Widgets.In(space), Widgets.Of("a", Parse(spec))));

        Assert.Equal((422, "Invalid"), (fault.Code, fault.Reason));
        JsonObject cause = Assert.Single(fault.Status.Items("details", "causes"));
        Assert.Equal(field, cause.Text("field"));
        Assert.Contains(message, cause.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_that_compares_with_the_old_object_holds_for_changes_only()
    {
        string space = await StartAsync();
        await Client.CreateAsync(Widgets.In(space), Widgets.Of("a", Parse("""{"colour":"red"}""")));

        ApiFaultException fault = await FailsAsync(
            () => Client.MergeAsync(Widgets.In(space, "a"), Parse("""{"spec":{"colour":"blue"}}""")));

        Assert.Contains("spec.colour: Invalid value", fault.Message, StringComparison.Ordinal);
        Assert.Contains("colour is immutable", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_schema_does_not_know_is_dropped_or_refused()
    {
        string space = await StartAsync();
        JsonObject spec = Parse("""{"unknown":1,"free":{"any":[1]},"labels":{"a":"b"},"parts":[{"name":"p","x":1}]}""");

        JsonObject made = await Client.CreateAsync(Widgets.In(space), Widgets.Of("a", spec));
        ApiFaultException fault = await FailsAsync(() => Client.CreateAsync(
            Widgets.In(space) + "?fieldValidation=Strict", Widgets.Of("b", spec.Copy())));

        Assert.True(JsonFields.AreSame(
            Parse("""{"free":{"any":[1]},"labels":{"a":"b"},"parts":[{"name":"p","weight":1}],"replicas":1}"""),
            made["spec"]), made.ToJsonString());
        Assert.Equal(400, fault.Code);
        Assert.Contains("unknown field \"spec.parts[0].x\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_definition_with_a_rule_that_cannot_be_evaluated_is_refused()
    {
        JsonObject definition = YamlReader.Read(Widgets.Definition.Replace(
            "quantity(self)", "mystery(self)", StringComparison.Ordinal).Replace(
            "self.minimum", "self.minimal", StringComparison.Ordinal).Replace(
            "widgets", "gadgets", StringComparison.Ordinal))[0];

        ApiFaultException fault = await FailsAsync(() => Client.CreateAsync(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition));

        Assert.Contains("undefined field 'minimal'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("undeclared reference to 'mystery'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_come_in_pages_of_one_moment_and_by_selectors()
    {
        string space = await StartAsync();
        foreach (int number in Enumerable.Range(0, 7))
        {
            JsonObject widget = Widgets.Of($"w{number}");
            widget.Ensure("metadata")["labels"] = new JsonObject { ["odd"] = (number % 2 == 1) ? "yes" : "no" };
            await Client.CreateAsync(Widgets.In(space), widget);
        }

        JsonObject first = await Client.GetAsync(Widgets.In(space) + "?limit=3");
        await Client.DeleteAsync(Widgets.In(space, "w5"));
        string token = Uri.EscapeDataString(first.Text("metadata", "continue")!);
        JsonObject second = await Client.GetAsync($"{Widgets.In(space)}?limit=10&continue={token}");
        JsonObject odd = await Client.GetAsync(Widgets.In(space) + "?labelSelector=odd%20in%20(yes),odd!%3Dno");
        JsonObject one = await Client.GetAsync(Widgets.In(space) + "?fieldSelector=metadata.name%3Dw2");

        Assert.Equal(4, first.Number("metadata", "remainingItemCount"));
        Assert.Equal(["w3", "w4", "w5", "w6"], Names(second));
        Assert.Equal(first.Text("metadata", "resourceVersion"), second.Text("metadata", "resourceVersion"));
        Assert.Equal(["w1", "w3"], Names(odd));
        Assert.Equal(["w2"], Names(one));
    }

    [Fact]
    public async Task Deletion_waits_for_finalizers_and_minds_preconditions()
    {
        string space = await StartAsync();
        JsonObject widget = Widgets.Of("a");
        widget.Ensure("metadata")["finalizers"] = new JsonArray("example.test/guard");
        JsonObject made = await Client.CreateAsync(Widgets.In(space), widget);
        string path = Widgets.In(space, "a");

        ApiFaultException other = await FailsAsync(
            () => Client.DeleteAsync(path, Parse("""{"preconditions":{"uid":"someone-else"}}""")));
        JsonObject marked = await Client.DeleteAsync(path);
        ApiFaultException late = await FailsAsync(() => Client.MergeAsync(
            path, Parse("""{"metadata":{"finalizers":["example.test/guard","example.test/late"]}}""")));
        await Client.MergeAsync(path, Parse("""{"metadata":{"finalizers":null}}"""));

        Assert.Equal((409, "Conflict"), (other.Code, other.Reason));
        Assert.NotNull(marked.Text("metadata", "deletionTimestamp"));
        Assert.Equal(made.Text("metadata", "uid"), marked.Text("metadata", "uid"));
        Assert.Contains("no new finalizers", late.Message, StringComparison.Ordinal);
        Assert.Null(await Client.FindAsync(path));
    }

    [Fact]
    public async Task A_dry_run_changes_nothing()
    {
        string space = await StartAsync();

        JsonObject made = await Client.CreateAsync(Widgets.In(space) + "?dryRun=All", Widgets.Of("a"));

        Assert.NotNull(made.Text("metadata", "uid"));
        Assert.Null(await Client.FindAsync(Widgets.In(space, "a")));
    }

    [Fact]
    public async Task Json_patches_and_scale_change_what_they_name()
    {
        string space = await StartAsync();
        await Client.CreateAsync(Widgets.In(space), Widgets.Of("a"));
        string path = Widgets.In(space, "a");
        var patch = (JsonArray)JsonNode.Parse(
            """
            [{"op":"test","path":"/spec/replicas","value":1},
             {"op":"add","path":"/spec/labels","value":{"a/b":"c"}}]
            """)!;

        await Client.SendAsync(HttpMethod.Patch, path, patch, "application/json-patch+json");
        JsonObject scale = await Client.MergeAsync(path + "/scale", Parse("""{"spec":{"replicas":5}}"""));
        ApiFaultException failed = await FailsAsync(
            () => Client.SendAsync(HttpMethod.Patch, path, patch.Copy(), "application/json-patch+json"));

        Assert.Equal(("Scale", 5L), (scale.Text("kind"), scale.Number("spec", "replicas")));
        Assert.Equal(422, failed.Code);
        JsonObject now = await Client.GetAsync(path);
        Assert.Equal("c", now.Text("spec", "labels", "a/b"));
    }

    [Fact]
    public async Task Who_has_no_rule_may_do_nothing_and_is_told_so()
    {
        string space = await StartAsync();
        string roles = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}";
        string pods = $"/api/v1/namespaces/{space}/pods";

        ApiFaultException before = await FailsAsync(() => fixture.Guest.GetAsync(pods));
        await Client.CreateAsync(roles + "/roles", Parse(
            """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}]}"""));
        await Client.CreateAsync(roles + "/rolebindings", Parse(
            """
            {"metadata":{"name":"r"},"roleRef":{"kind":"Role","name":"r"},
             "subjects":[{"kind":"User","name":"guest"}]}
            """));
        JsonObject list = await fixture.Guest.GetAsync(pods);
        ApiFaultException elsewhere = await FailsAsync(() => fixture.Guest.GetAsync("/api/v1/pods"));
        await Client.DeleteAsync(roles + "/rolebindings/r");
        ApiFaultException after = await FailsAsync(() => fixture.Guest.GetAsync(pods));

        Assert.Equal((403, "Forbidden"), (before.Code, before.Reason));
        Assert.Contains("User \"guest\" cannot list resource \"pods\"", before.Message, StringComparison.Ordinal);
        Assert.Equal("PodList", list.Text("kind"));
        Assert.Equal((403, 403), (elsewhere.Code, after.Code));
    }

    private static JsonObject Parse(string json) => JsonFields.ParseObject(json);

    private static string[] Names(JsonObject list) =>
        [.. list.Items("items").Select(each => each.Text("metadata", "name") ?? "")];

    private static Task<ApiFaultException> FailsAsync(Func<Task> action) =>
        Assert.ThrowsAsync<ApiFaultException>(action);

    private async Task<string> StartAsync()
    {
        await Widgets.DefineAsync(Client);
        return await fixture.NamespaceAsync();
    }
}
