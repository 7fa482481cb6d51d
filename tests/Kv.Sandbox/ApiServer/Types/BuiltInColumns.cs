using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>What kubectl prints of the built-in kinds between the name and the age.</summary>
internal static class BuiltInColumns
{
    private const string None = "<none>";

    /// <summary>The column that nearly every kind ends with.</summary>
    public static PrintedColumn Age { get; } = new("Age", "string", "")
    {
        Cell = each => JsonValue.Create(Ages.Since(each.Text("metadata", "creationTimestamp"))),
    };

    public static IReadOnlyList<PrintedColumn> Pods { get; } =
    [
        Text("Ready", pod => $"{pod.Items("status", "containerStatuses").Count(each => each.Flag("ready"))}/"
            + $"{pod.Items("spec", "containers").Count()}"),
        Text("Status", PodPhase.Of),
        Text("Restarts", Restarts),
        Age,
        Text("IP", pod => pod.Text("status", "podIP") ?? None, priority: 1),
        Text("Node", pod => pod.Text("spec", "nodeName") ?? None, priority: 1),
        Text("Nominated Node", _ => None, priority: 1),
        Text("Readiness Gates", _ => None, priority: 1),
    ];

    public static IReadOnlyList<PrintedColumn> Namespaces { get; } =
        [Text("Status", space => space.Text("status", "phase") ?? ""), Age];

    public static IReadOnlyList<PrintedColumn> Nodes { get; } =
    [
        Text("Status", NodeState),
        Text("Roles", _ => None),
        Age,
        Text("Version", node => node.Text("status", "nodeInfo", "kubeletVersion") ?? ""),
        Text("Internal-IP", node => node.Items("status", "addresses")
            .FirstOrDefault(each => each.Text("type") == "InternalIP").Text("address") ?? None, priority: 1),
    ];

    public static IReadOnlyList<PrintedColumn> Services { get; } =
    [
        Text("Type", service => service.Text("spec", "type") ?? ""),
        Text("Cluster-IP", service => service.Text("spec", "clusterIP") ?? None),
        Text("External-IP", _ => None),
        Text("Port(s)", service => string.Join(',', service.Items("spec", "ports").Select(
            port => $"{port.Number("port")}/{port.Text("protocol") ?? "TCP"}")) is { Length: > 0 } ports ? ports
                : None),
        Age,
        Text("Selector", service => Join(service.Pairs("spec", "selector")), priority: 1),
    ];

    public static IReadOnlyList<PrintedColumn> ConfigMaps { get; } = [Count("Data", "data"), Age];

    public static IReadOnlyList<PrintedColumn> Secrets { get; } =
        [Text("Type", secret => secret.Text("type") ?? ""), Count("Data", "data"), Age];

    public static IReadOnlyList<PrintedColumn> Events { get; } =
    [
        Text("Last Seen", each => Ages.Since(LastSeen(each))),
        Text("Type", each => each.Text("type") ?? ""),
        Text("Reason", each => each.Text("reason") ?? ""),
        Text("Object", ObjectOf),
        Text("Message", each => (each.Text("message") ?? each.Text("note") ?? "").Trim()),
    ];

    public static IReadOnlyList<PrintedColumn> Claims { get; } =
    [
        Text("Status", claim => claim.Text("metadata", "deletionTimestamp") is null
            ? claim.Text("status", "phase") ?? "" : "Terminating"),
        Text("Volume", claim => claim.Text("spec", "volumeName") ?? ""),
        Text("Capacity", claim => claim.Text("status", "capacity", "storage") ?? ""),
        Text("Access Modes", claim => Modes(claim.Texts("status", "accessModes"))),
        Text("StorageClass", claim => claim.Text("spec", "storageClassName") ?? ""),
        Text("VolumeAttributesClass", _ => "<unset>"),
        Age,
        Text("VolumeMode", claim => claim.Text("spec", "volumeMode") ?? "Filesystem", priority: 1),
    ];

    public static IReadOnlyList<PrintedColumn> Volumes { get; } =
    [
        Text("Capacity", volume => volume.Text("spec", "capacity", "storage") ?? ""),
        Text("Access Modes", volume => Modes(volume.Texts("spec", "accessModes"))),
        Text("Reclaim Policy", volume => volume.Text("spec", "persistentVolumeReclaimPolicy") ?? ""),
        Text("Status", volume => volume.Text("status", "phase") ?? ""),
        Text("Claim", volume => volume.Text("spec", "claimRef", "name") is { } claim
            ? $"{volume.Text("spec", "claimRef", "namespace")}/{claim}" : ""),
        Text("StorageClass", volume => volume.Text("spec", "storageClassName") ?? ""),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> StorageClasses { get; } =
    [
        Text("Provisioner", each => each.Text("provisioner") ?? ""),
        Text("ReclaimPolicy", each => each.Text("reclaimPolicy") ?? "Delete"),
        Text("VolumeBindingMode", each => each.Text("volumeBindingMode") ?? "Immediate"),
        Text("AllowVolumeExpansion", each => each.Flag("allowVolumeExpansion") ? "true" : "false"),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> Leases { get; } =
        [Text("Holder", lease => lease.Text("spec", "holderIdentity") ?? ""), Age];

    public static IReadOnlyList<PrintedColumn> Budgets { get; } =
    [
        Text("Min Available", budget => AsIs(budget.At("spec", "minAvailable"))),
        Text("Max Unavailable", budget => AsIs(budget.At("spec", "maxUnavailable"))),
        Text("Allowed Disruptions", budget => $"{budget.Number("status", "disruptionsAllowed") ?? 0}"),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> Slices { get; } =
    [
        Text("AddressType", slice => slice.Text("addressType") ?? ""),
        Text("Ports", slice => string.Join(',', slice.Items("ports").Select(each => $"{each.Number("port")}"))),
        Text("Endpoints", slice => string.Join(',', slice.Items("endpoints").SelectMany(
            each => each.Texts("addresses")))),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> Jobs { get; } =
    [
        Text("Status", job => job.Items("status", "conditions").LastOrDefault(
            each => each.Text("status") == "True").Text("type") ?? "Running"),
        Text("Completions", job =>
            $"{job.Number("status", "succeeded") ?? 0}/{job.Number("spec", "completions") ?? 1}"),
        Text("Duration", job => job.Text("status", "startTime") is { } start ? Ages.Since(start) : ""),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> Deployments { get; } =
    [
        Text("Ready", each => $"{each.Number("status", "readyReplicas") ?? 0}/{each.Number("spec", "replicas") ?? 1}"),
        Text("Up-to-date", each => $"{each.Number("status", "updatedReplicas") ?? 0}"),
        Text("Available", each => $"{each.Number("status", "availableReplicas") ?? 0}"),
        Age,
    ];

    public static IReadOnlyList<PrintedColumn> Definitions { get; } =
        [Text("Created At", definition => definition.Text("metadata", "creationTimestamp") ?? "")];

    private static PrintedColumn Text(string name, Func<JsonObject, string> cell, int priority = 0) =>
        new(name, "string", "", priority) { Cell = each => JsonValue.Create(cell(each)) };

    private static PrintedColumn Count(string name, string field) =>
        new(name, "integer", "") { Cell = each => JsonValue.Create(each.Map(field)?.Count ?? 0) };

    private static string Restarts(JsonObject pod)
    {
        long count = pod.Items("status", "containerStatuses").Sum(each => each.Number("restartCount") ?? 0);
        string? last = pod.Items("status", "containerStatuses")
            .Select(each => each.Text("lastState", "terminated", "finishedAt")).Max();
        string text = count.ToString(CultureInfo.InvariantCulture);
        return count > 0 && last is not null ? $"{text} ({Ages.Since(last)} ago)" : text;
    }

    private static string NodeState(JsonObject node)
    {
        bool isReady = node.Items("status", "conditions").Any(
            each => each.Text("type") == "Ready" && each.Text("status") == "True");
        return (isReady ? "Ready" : "NotReady") + (node.Flag("spec", "unschedulable") ? ",SchedulingDisabled" : "");
    }

    private static string? LastSeen(JsonObject each) =>
        each.Text("series", "lastObservedTime") ?? each.Text("lastTimestamp") ?? each.Text("deprecatedLastTimestamp")
        ?? each.Text("eventTime") ?? each.Text("firstTimestamp") ?? each.Text("metadata", "creationTimestamp");

    private static string ObjectOf(JsonObject each)
    {
        JsonObject? about = each.Map("involvedObject") ?? each.Map("regarding");
        return $"{about.Text("kind")?.ToLowerInvariant()}/{about.Text("name")}";
    }

    private static string Modes(IEnumerable<string> modes) => string.Join(',', modes.Select(mode => mode switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => mode,
    }));

    private static string Join(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join(',', pairs.Select(pair => $"{pair.Key}={pair.Value}")) is { Length: > 0 } text ? text : None;

    private static string AsIs(JsonNode? value) => JsonFields.AsText(value) ?? value?.ToJsonString() ?? "N/A";
}
