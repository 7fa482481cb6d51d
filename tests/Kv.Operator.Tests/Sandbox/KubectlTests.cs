namespace Kv.Operator.Tests.Sandbox;

/// <summary>The real kubectl against the embedded API server.</summary>
public sealed class KubectlTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>
{
    private const string Manifest =
        """
        apiVersion: example.test/v1
        kind: Widget
        metadata: { name: one }
        spec: { replicas: 3, colour: red }
        """;

    private Kubectl Kubectl => fixture.Kubectl;

    [Fact]
    public async Task Get_prints_the_columns_of_a_definition()
    {
        string space = await StartAsync();
        await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-");

        string[] lines = (await Kubectl.RunAsync("get", "wd", "-n", space)).Split('\n');
        string[] wide = (await Kubectl.RunAsync("get", "widgets", "-n", space, "-o", "wide")).Split('\n');
        string all = await Kubectl.RunAsync("get", "all", "-n", space);

        Assert.Equal(["NAME", "WANTED", "READY", "AGE"], Words(lines[0]));
        Assert.Equal(["one", "3"], Words(lines[1])[..2]);
        Assert.Contains("COLOUR", wide[0], StringComparison.Ordinal);
        Assert.Contains("red", wide[1], StringComparison.Ordinal);
        Assert.Contains("widget.example.test/one", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_changes_by_either_side_and_says_what_is_wrong()
    {
        string space = await StartAsync();
        string changed = Manifest.Replace("replicas: 3", "replicas: 5", StringComparison.Ordinal);
        string wrong = Manifest.Replace("replicas: 3", "replicas: 4", StringComparison.Ordinal);
        string typo = Manifest.Replace("replicas: 3", "replica: 3", StringComparison.Ordinal);

        Assert.Contains("created", await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-"),
            StringComparison.Ordinal);
        Assert.Contains("unchanged", await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-"),
            StringComparison.Ordinal);
        Assert.Contains("configured", await Kubectl.RunWithAsync(changed, "apply", "-n", space, "-f", "-"),
            StringComparison.Ordinal);
        Assert.Contains("supported values: 1, 3, 5", await Kubectl.FailAsync(wrong, "apply", "-n", space, "-f", "-"),
            StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.replica\"", await Kubectl.FailAsync(typo, "apply", "-n", space, "-f",
            "-"), StringComparison.Ordinal);
        string conflict = await Kubectl.FailAsync(Manifest, "apply", "--server-side", "-n", space, "-f", "-");
        Assert.Contains("conflict with \"kubectl-client-side-apply\"", conflict, StringComparison.Ordinal);
        Assert.Contains(".spec.replicas", conflict, StringComparison.Ordinal);
        await Kubectl.RunWithAsync(
            Manifest, "apply", "--server-side", "--force-conflicts", "-n", space, "-f", "-");
        Assert.Equal("3", await FieldAsync(space, "{.spec.replicas}"));
    }

    [Fact]
    public async Task Scale_patch_label_annotate_and_edit_change_what_they_say()
    {
        string space = await StartAsync();
        await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-");

        await Kubectl.RunAsync("scale", "wd/one", "--replicas=5", "-n", space);
        Assert.Equal("5", await FieldAsync(space, "{.spec.replicas}"));
        await Kubectl.RunAsync("patch", "wd", "one", "-n", space, "--type=merge", "-p", """{"spec":{"minimum":2}}""");
        await Kubectl.RunAsync("patch", "wd", "one", "-n", space, "--type=json", "-p",
            """[{"op":"replace","path":"/spec/replicas","value":3}]""");
        await Kubectl.RunAsync("label", "wd", "one", "tier=gold", "-n", space);
        await Kubectl.RunAsync("annotate", "wd", "one", "note=hello", "-n", space);
        Assert.Equal("3 2 gold hello", await FieldAsync(
            space, "{.spec.replicas} {.spec.minimum} {.metadata.labels.tier} {.metadata.annotations.note}"));

        const string Editor = "sed -i 's/minimum: 2/minimum: 1/'"; // kubectl runs it by a shell, with the file's name
        (int code, string output, string error) = await Kubectl.TryAsync(
            ["edit", "wd", "one", "-n", space], environment: ("KUBE_EDITOR", Editor));
        Assert.True(code == 0, output + error);
        Assert.Equal("1", await FieldAsync(space, "{.spec.minimum}"));
    }

    [Fact]
    public async Task Describe_shows_the_events_of_an_object()
    {
        string space = await StartAsync();
        await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-");
        string uid = await FieldAsync(space, "{.metadata.uid}");
        await Kubectl.RunWithAsync(
            $$"""
            apiVersion: events.k8s.io/v1
            kind: Event
            metadata: { name: one.1, namespace: {{space}} }
            eventTime: "2026-01-01T00:00:00.000000Z"
            regarding: { apiVersion: example.test/v1, kind: Widget, name: one, namespace: {{space}}, uid: {{uid}} }
            reason: Tried
            action: Try
            type: Normal
            note: something was tried
            reportingController: tests
            reportingInstance: tests-1
            """,
            "create", "-f", "-");

        string text = await Kubectl.RunAsync("describe", "wd", "one", "-n", space);
        string events = await Kubectl.RunAsync("get", "events", "-n", space);

        Assert.Contains("Replicas:  3", text, StringComparison.Ordinal);
        Assert.Contains("something was tried", text, StringComparison.Ordinal);
        Assert.Contains("widget/one", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_and_wait_see_the_end_of_an_object()
    {
        string space = await StartAsync();
        await Kubectl.RunWithAsync(Manifest, "apply", "-n", space, "-f", "-");
        Task<string> waiting = Kubectl.RunAsync(
            "wait", "--for=jsonpath={.spec.replicas}=5", "wd/one", "-n", space, "--timeout=20s");
        await Kubectl.RunAsync("scale", "wd/one", "--replicas=5", "-n", space);

        Assert.Contains("condition met", await waiting, StringComparison.Ordinal);
        Assert.Contains("deleted", await Kubectl.RunAsync("delete", "wd", "one", "-n", space),
            StringComparison.Ordinal);
        Assert.Contains("NotFound", await Kubectl.FailAsync(null, "get", "wd", "one", "-n", space),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_and_api_resources_know_the_definition()
    {
        await StartAsync();

        string fields = await Kubectl.RunAsync("explain", "widget.spec");
        string resources = await Kubectl.RunAsync("api-resources", "--api-group=example.test");

        Assert.Contains("replicas", fields, StringComparison.Ordinal);
        Assert.Contains("How many.", fields, StringComparison.Ordinal);
        Assert.Contains("widgets", resources, StringComparison.Ordinal);
        Assert.Contains("wd", resources, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_of_built_in_kinds_merges_lists_by_their_keys()
    {
        string space = await StartAsync();
        const string Service =
            """
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec:
              selector: { app: web }
              ports: [ { name: a, port: 80 }, { name: b, port: 81 } ]
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: settings }
            data: { a: "1" }
            """;
        await Kubectl.RunWithAsync(Service, "apply", "-n", space, "-f", "-");
        string again = await Kubectl.RunWithAsync(Service, "apply", "-n", space, "-f", "-");
        string other = Service.Replace("port: 81", "port: 82", StringComparison.Ordinal);
        await Kubectl.RunWithAsync(other, "apply", "-n", space, "-f", "-");
        await Kubectl.RunWithAsync(other, "apply", "--server-side", "--force-conflicts", "-n", space, "-f", "-");

        Assert.Contains("service/web unchanged", again, StringComparison.Ordinal);
        string ports = await Kubectl.RunAsync("get", "svc", "web", "-n", space, "-o", "jsonpath={.spec.ports[*].port}");
        Assert.Equal("80 82", ports);
    }

    [Fact]
    public async Task Auth_can_i_follows_the_rules()
    {
        string space = await StartAsync();
        await Kubectl.RunAsync("create", "serviceaccount", "worker", "-n", space);
        await Kubectl.RunAsync("create", "role", "reader", "--verb=get,list", "--resource=pods", "-n", space);
        await Kubectl.RunAsync(
            "create", "rolebinding", "reader", "--role=reader", $"--serviceaccount={space}:worker", "-n", space);
        string token = (await Kubectl.RunAsync("create", "token", "worker", "-n", space)).Trim();

        (int may, string yes, _) = await Kubectl.TryAsync(["auth", "can-i", "list", "pods", "-n", space, "--token",
            token]);
        (int mayNot, string no, _) = await Kubectl.TryAsync(["auth", "can-i", "delete", "pods", "-n", space,
            "--token", token]);

        Assert.Equal("yes", yes.Trim());
        Assert.Equal("no", no.Trim());
        Assert.Equal(0, may);
        Assert.NotEqual(0, mayNot);
    }

    private async Task<string> StartAsync()
    {
        await Widgets.DefineAsync(fixture.Client);
        return await fixture.NamespaceAsync();
    }

    private Task<string> FieldAsync(string space, string path) =>
        Kubectl.RunAsync("get", "wd", "one", "-n", space, "-o", $"jsonpath={path}");

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
