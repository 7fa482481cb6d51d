using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Admission;

/// <summary>What the definitions refuse, before any operator sees it: the message names the field and says what would
/// do.</summary>
public sealed class AdmissionTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>
{
    private const string Base =
        """
        apiVersion: kvoperator.io/v1
        kind: KvCluster
        metadata: { name: demo }
        spec: { replicas: 3, storage: { size: 1Gi } }
        """;

    private const string Strict = "?fieldValidation=Strict";

    private static readonly string LongText = new('a', 600);

    /// <summary>A specification, and all that the refusal has to say.</summary>
    public static TheoryData<string, string[]> Wrong => new()
    {
        { "{ replicas: 0 }", ["spec.replicas", "greater than or equal to 1"] },
        { "{ replicas: 10 }", ["spec.replicas", "less than or equal to 9"] },
        { "{ replicas: three }", ["spec.replicas", "must be of type integer"] },
        { "{ version: '3.7' }", ["spec.version", "should match"] },
        { "{ version: '' }", ["spec.version", "at least 1 chars"] },
        { "{ version: 3.7.0, image: a }", ["spec", "either spec.image or spec.version"] },
        { "{ image: 'a b' }", ["spec.image", "should match"] },
        { $"{{ image: {LongText} }}", ["spec.image", "at most 512 chars"] },
        { "{ imagePullPolicy: Sometimes }", ["spec.imagePullPolicy", "\"IfNotPresent\", \"Always\", \"Never\""] },
        { "{ storage: { size: 0 } }", ["spec.storage.size", "must be of type string"] },
        { "{ storage: { size: '0' } }", ["spec.storage.size", "should match"] },
        { "{ storage: { size: '0.0Gi' } }", ["spec.storage.size", "should match"] },
        { "{ storage: { size: 1GB } }", ["spec.storage.size", "should match", "Ki|Mi|Gi|Ti"] },
        { "{ storage: { size: -1Gi } }", ["spec.storage.size", "should match"] },
        { "{ storage: { quota: 2Gi } }", ["spec.storage", "quota cannot be larger than spec.storage.size"] },
        { "{ storage: { quota: '0' } }", ["spec.storage.quota", "should match"] },
        { "{ storage: { storageClassName: Fast Disks } }", ["spec.storage.storageClassName", "should match"] },
        { "{ storage: { retention: { whenDeleted: Keep } } }",
            ["spec.storage.retention.whenDeleted", "\"Delete\", \"Retain\""] },
        { "{ storage: { retention: { whenScaled: Keep } } }",
            ["spec.storage.retention.whenScaled", "\"Delete\", \"Retain\""] },
        { "{ options: { heartbeatIntervalMilliseconds: 1 } }",
            ["spec.options.heartbeatIntervalMilliseconds", "greater than or equal to 10"] },
        { "{ options: { electionTimeoutMilliseconds: 60000 } }",
            ["spec.options.electionTimeoutMilliseconds", "less than or equal to 50000"] },
        { "{ options: { heartbeatIntervalMilliseconds: 500 } }",
            ["spec.options", "at least 5 times heartbeatIntervalMilliseconds"] },
        { "{ options: { snapshotCount: 1 } }", ["spec.options.snapshotCount", "greater than or equal to 100"] },
        { "{ options: { maxTxnOps: 0 } }", ["spec.options.maxTxnOps", "greater than or equal to 1"] },
        { "{ options: { maxRequestBytes: 1 } }", ["spec.options.maxRequestBytes", "greater than or equal to 1024"] },
        { "{ options: { maxConcurrentStreams: 0 } }", ["spec.options.maxConcurrentStreams", "greater than"] },
        { "{ options: { logLevel: Loud } }", ["spec.options.logLevel", "\"Debug\", \"Info\", \"Warn\", \"Error\""] },
        { "{ options: { extensiveMetrics: 'yes' } }", ["spec.options.extensiveMetrics", "must be of type boolean"] },
        { "{ options: { autoTls: true } }", ["unknown field \"spec.options.autoTls\""] },
        { "{ compaction: { } }", ["spec.compaction", "either spec.compaction.keepMinutes or"] },
        { "{ compaction: { keepMinutes: 1, keepRevisions: 1 } }", ["spec.compaction", "either"] },
        { "{ compaction: { keepMinutes: 0 } }", ["spec.compaction.keepMinutes", "greater than or equal to 1"] },
        { "{ compaction: { keepRevisions: 0 } }", ["spec.compaction.keepRevisions", "greater than or equal to 1"] },
        { "{ defragmentation: { threshold: much } }", ["spec.defragmentation.threshold", "should match"] },
    };

    /// <summary>The same of certificates, and of where and how pods run.</summary>
    public static TheoryData<string, string[]> WrongSurroundings => new()
    {
        { "{ tls: { client: { issuer: Vault } } }", ["spec.tls.client.issuer", "\"Operator\"", "\"Secret\""] },
        { "{ tls: { client: { issuer: Secret } } }", ["spec.tls.client.secretName is needed"] },
        { "{ tls: { client: { issuer: CertManager } } }", ["spec.tls.client.issuerRef is needed"] },
        { "{ tls: { peer: { issuer: CertManager } } }", ["spec.tls.peer.issuerRef is needed"] },
        { "{ tls: { peer: { issuer: CertManager, issuerRef: { } } } }",
            ["spec.tls.peer.issuerRef.name", "Required value"] },
        { "{ tls: { peer: { issuer: CertManager, issuerRef: { name: a, kind: Any } } } }",
            ["spec.tls.peer.issuerRef.kind", "\"Issuer\", \"ClusterIssuer\""] },
        { "{ tls: { peer: { issuer: Secret } } }", ["spec.tls.peer.secretName is needed"] },
        { "{ tls: { client: { issuer: Secret, secretName: My Secret } } }",
            ["spec.tls.client.secretName", "should match"] },
        { "{ tls: { client: { extraNames: ['a b'] } } }", ["spec.tls.client.extraNames[0]", "should match"] },
        { "{ tls: { client: { extraNames: [db, ''] } } }", ["spec.tls.client.extraNames[1]", "should match"] },
        { "{ resources: { limits: { memory: lots } } }", ["spec.resources.limits.memory", "should match"] },
        { "{ scheduling: { nodeSpread: Always } }",
            ["spec.scheduling.nodeSpread", "\"Preferred\", \"Required\", \"Off\""] },
        { "{ scheduling: { zoneSpread: Always } }",
            ["spec.scheduling.zoneSpread", "\"Preferred\", \"Required\", \"Off\""] },
        { "{ scheduling: { priorityClassName: Top Most } }", ["spec.scheduling.priorityClassName", "should match"] },
        { "{ scheduling: { serviceAccountName: A } }", ["spec.scheduling.serviceAccountName", "should match"] },
        { "{ clientService: { type: ExternalName } }",
            ["spec.clientService.type", "\"ClusterIP\", \"NodePort\", \"LoadBalancer\""] },
        { "{ networkPolicy: { enabled: 1 } }", ["spec.networkPolicy.enabled", "must be of type boolean"] },
        { "{ disruption: { enabled: 'no' } }", ["spec.disruption.enabled", "must be of type boolean"] },
        { "{ env: [{ name: PATH, value: /tmp }] }", ["spec.env[0].name", "should match '^OTEL_"] },
        { "{ env: [{ name: OTEL_SERVICE_NAME }] }", ["spec.env[0]", "exactly one of value and valueFrom"] },
        { "{ env: [{ name: OTEL_A, value: b, valueFrom: { secretKeyRef: { name: a, key: b } } }] }",
            ["spec.env[0]", "exactly one of value and valueFrom"] },
        { "{ env: [{ name: OTEL_A, value: b }, { name: OTEL_A, value: c }] }", ["spec.env[1]", "Duplicate value"] },
        { "{ env: [{ name: OTEL_EXPORTER_OTLP_PROTOCOL, value: http/json }] }", ["spec.env[0]", "http/protobuf"] },
        { "{ env: [{ name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'collector:4317' }] }",
            ["spec.env[0]", "a URL of http or https"] },
        { "{ env: [{ name: OTEL_A, valueFrom: { secretKeyRef: { name: a } } }] }",
            ["spec.env[0].valueFrom.secretKeyRef.key", "Required value"] },
        { "{ env: [{ name: OTEL_A, valueFrom: { fieldRef: { fieldPath: a } } }] }", ["unknown field", "fieldRef"] },
        { "{ paused: 'yes' }", ["spec.paused", "must be of type boolean"] },
        { "{ replica: 3 }", ["unknown field \"spec.replica\""] },
    };

    public static TheoryData<string, string[]> WrongSnapshots => new()
    {
        { "{ }", ["spec.cluster", "spec.destination", "Required value"] },
        { "{ cluster: De Mo, destination: { persistentVolumeClaim: { claimName: a } } }",
            ["spec.cluster", "should match"] },
        { "{ cluster: demo, destination: { } }", ["give exactly one of"] },
        { "{ cluster: demo, destination: { persistentVolumeClaim: { claimName: A } } }",
            ["spec.destination.persistentVolumeClaim.claimName", "should match"] },
        { "{ cluster: demo, destination: { persistentVolumeClaim: { claimName: a, path: ../b } } }",
            ["spec.destination.persistentVolumeClaim", "without / at its head or .."] },
        { "{ cluster: demo, destination: { s3: { bucket: b, credentialsSecret: s } } }",
            ["spec.destination.s3.bucket", "at least 3 chars"] },
        { "{ cluster: demo, destination: { s3: { bucket: BIG, credentialsSecret: s } } }",
            ["spec.destination.s3.bucket", "should match"] },
        { "{ cluster: demo, destination: { s3: { bucket: bbb, credentialsSecret: s, endpoint: minio } } }",
            ["spec.destination.s3.endpoint", "should match '^https?://"] },
        { "{ cluster: demo, destination: { s3: { bucket: bbb } } }",
            ["spec.destination.s3.credentialsSecret", "Required value"] },
    };

    /// <summary>What an existing cluster may not become.</summary>
    public static TheoryData<string, string, string> WrongChanges => new()
    {
        { "{ storage: { size: 2Gi } }", "{ storage: { size: 1Gi } }", "spec.storage.size can only grow" },
        { "{ storage: { storageClassName: a } }", "{ storage: { storageClassName: b } }",
            "spec.storage.storageClassName cannot be changed" },
        { "{ }", "{ tls: { client: { } } }", "spec.tls cannot be added to or removed from" },
        { "{ tls: { client: { } } }", "{ tls: { client: { }, peer: { } } }",
            "spec.tls.client and spec.tls.peer cannot be added" },
    };

    private SandboxClient Client => fixture.Client;

    [Theory]
    [MemberData(nameof(Wrong))]
    [MemberData(nameof(WrongSurroundings))]
    public async Task A_wrong_field_is_refused_by_its_name(string spec, string[] expected)
    {
        string said = await RefusalAsync("kvclusters", Cluster(spec));
        Assert.All(expected, text => Assert.Contains(text, said, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(WrongSnapshots))]
    public async Task A_wrong_field_of_a_snapshot_is_refused_by_its_name(string spec, string[] expected)
    {
        JsonObject snapshot = YamlReader.Read($"spec: {spec}")[0];
        (snapshot["apiVersion"], snapshot["kind"]) = ("kvoperator.io/v1", "KvSnapshot");
        snapshot["metadata"] = new JsonObject { ["name"] = "one" };

        string said = await RefusalAsync("kvsnapshots", snapshot);
        Assert.All(expected, text => Assert.Contains(text, said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Demo", "metadata.name")]
    [InlineData("0demo", "DNS label that begins with a letter")]
    [InlineData("de.mo", "DNS label that begins with a letter")]
    [InlineData("a-name-of-more-than-forty-characters-is-too-long", "at most 40 characters")]
    public async Task A_wrong_name_is_refused(string name, string expected)
    {
        JsonObject cluster = Cluster("{ }");
        cluster["metadata"]!["name"] = name;
        Assert.Contains(expected, await RefusalAsync("kvclusters", cluster), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WrongChanges))]
    public async Task A_wrong_change_is_refused_by_its_name(string before, string after, string expected)
    {
        string path = await PathAsync("kvclusters");
        await Client.CreateAsync(path, Cluster(before));

        JsonObject changed = await WithVersionAsync(Cluster(after), path);
        ApiFaultException refused = await Assert.ThrowsAsync<ApiFaultException>(
            () => Client.ReplaceAsync(path + "/demo", changed));

        Assert.Equal(422, refused.Code);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ }")]
    [InlineData("{ storage: { size: 0.5Gi, quota: 100Mi } }")]
    [InlineData("{ tls: { client: { extraNames: [db.example.org, '*.example.org', 10.0.0.1, 'fd00::1', DB] } } }")]
    [InlineData("{ storage: { storageClassName: fast.disks-1 }, compaction: { keepMinutes: 5 } }")]
    [InlineData("{ env: [{ name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'http://$(HOST_IP):4317' }, " +
        "{ name: OTEL_EXPORTER_OTLP_HEADERS, valueFrom: { secretKeyRef: { name: collector, key: headers } } }] }")]
    [InlineData("{ image: 'registry.example.org:5000/kv/node@sha256:0123' }")]
    public async Task What_is_right_is_taken(string spec) =>
        await Client.CreateAsync(await PathAsync("kvclusters") + Strict, Cluster(spec));

    [Fact]
    public async Task Kubectl_shows_the_field_and_what_would_do()
    {
        string path = await PathAsync("kvclusters");
        string space = path.Split('/')[^2];
        string many = Base.Replace("replicas: 3", "replicas: 11", StringComparison.Ordinal);
        string typo = Base.Replace("replicas: 3", "replica: 3", StringComparison.Ordinal);
        string both = Base.Replace("replicas: 3", "image: a, version: 3.7.0", StringComparison.Ordinal);

        string[] said =
        [
            await fixture.Kubectl.FailAsync(many, "apply", "-n", space, "-f", "-"),
            await fixture.Kubectl.FailAsync(typo, "apply", "-n", space, "-f", "-"),
            await fixture.Kubectl.FailAsync(both, "apply", "--server-side", "-n", space, "-f", "-"),
        ];

        Assert.Contains("spec.replicas: Invalid value: 11", said[0], StringComparison.Ordinal);
        Assert.Contains("less than or equal to 9", said[0], StringComparison.Ordinal);
        Assert.Contains("unknown field \"spec.replica\"", said[1], StringComparison.Ordinal);
        Assert.Contains("give either spec.image or spec.version", said[2], StringComparison.Ordinal);
    }

    /// <summary>The base with other fields laid over its specification.</summary>
    private static JsonObject Cluster(string spec)
    {
        JsonObject cluster = YamlReader.Read(Base)[0];
        foreach ((string name, JsonNode? value) in YamlReader.Read($"spec: {spec}")[0]["spec"]!.AsObject())
        {
            JsonNode? copy = value?.DeepClone();
            if (name == "storage" && copy is JsonObject storage && !storage.ContainsKey("size"))
                storage["size"] = "1Gi";
            cluster["spec"]![name] = copy;
        }

        return cluster;
    }

    private async Task<string> PathAsync(string plural)
    {
        var applier = new Applier(Client, "tests");
        foreach (string file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "crds"), "*.yaml"))
            await applier.ApplyAsync(await File.ReadAllTextAsync(file), CancellationToken.None);
        return ObjectPath.Of("kvoperator.io/v1", plural, await fixture.NamespaceAsync());
    }

    private async Task<JsonObject> WithVersionAsync(JsonObject value, string path)
    {
        JsonObject there = await Client.GetAsync(path + "/demo");
        value["metadata"]!["resourceVersion"] = there.Text("metadata", "resourceVersion");
        return value;
    }

    private async Task<string> RefusalAsync(string plural, JsonObject value)
    {
        string path = await PathAsync(plural) + Strict;
        ApiFaultException refused = await Assert.ThrowsAsync<ApiFaultException>(() => Client.CreateAsync(path, value));
        Assert.True(refused.Code is 400 or 422, refused.Message);
        return refused.Message;
    }
}
