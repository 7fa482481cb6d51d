using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Writes down which pods stand behind each service: one EndpointSlice and one Endpoints object.</summary>
internal sealed class ServiceLoop(SandboxClient client, Mirror services, Mirror pods, Mirror slices)
{
    private const string NameLabel = "kubernetes.io/service-name";

    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (JsonObject service in services.All)
        {
            if (service.Map("spec", "selector") is { Count: > 0 })
                await WriteAsync(service, stop);
        }
    }

    private async Task WriteAsync(JsonObject service, CancellationToken stop)
    {
        JsonObject slice = ToSlice(service);
        string space = service.Text("metadata", "namespace") ?? "";
        string name = slice.Text("metadata", "name") ?? "";
        JsonObject? known = slices.Find(space, name);
        bool isSame = JsonFields.AreSame(known.At("endpoints"), slice["endpoints"])
            && JsonFields.AreSame(known.At("ports"), slice["ports"]);
        if (isSame)
            return;
        string path = ObjectPath.Of("discovery.k8s.io/v1", "endpointslices", space, name);
        await ApplyAsync(path, slice, stop);
        await ApplyAsync(ObjectPath.Core("endpoints", space, service.Text("metadata", "name") ?? ""),
            ToEndpoints(service, slice), stop);
    }

    private Task<JsonObject> ApplyAsync(string path, JsonObject value, CancellationToken stop) => client.SendAsync(
        HttpMethod.Patch, path + "?fieldManager=endpoints&force=true", value, "application/apply-patch+yaml", stop);

    private JsonObject ToSlice(JsonObject service)
    {
        string name = service.Text("metadata", "name") ?? "";
        JsonObject[] behind =
        [
            .. pods.All.Where(pod => IsBehind(service, pod)).OrderBy(pod => pod.KeyOf(), StringComparer.Ordinal),
        ];
        return new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = new JsonObject
            {
                ["name"] = name + "-pods",
                ["namespace"] = service.Text("metadata", "namespace"),
                ["labels"] = new JsonObject { [NameLabel] = name },
                ["ownerReferences"] = new JsonArray(OwnerOf(service)),
            },
            ["addressType"] = "IPv4",
            ["endpoints"] = new JsonArray([.. behind.Select(pod => ToEndpoint(service, pod))]),
            ["ports"] = new JsonArray([.. service.Items("spec", "ports").Select(port => new JsonObject
            {
                ["name"] = port.Text("name") ?? "",
                ["protocol"] = port.Text("protocol") ?? "TCP",
                ["port"] = TargetOf(port, behind),
            })]),
        };
    }

    private static bool IsBehind(JsonObject service, JsonObject pod) =>
        pod.Text("metadata", "namespace") == service.Text("metadata", "namespace")
        && pod.Text("status", "podIP") is { Length: > 0 }
        && pod.Text("status", "phase") is not ("Succeeded" or "Failed")
        && service.Pairs("spec", "selector").All(pair => pod.Text("metadata", "labels", pair.Key) == pair.Value);

    private static JsonObject ToEndpoint(JsonObject service, JsonObject pod)
    {
        bool isTerminating = pod.Text("metadata", "deletionTimestamp") is not null;
        bool isReady = pod.Items("status", "conditions").Any(
            each => each.Text("type") == "Ready" && each.Text("status") == "True");
        bool isPublished = service.Flag("spec", "publishNotReadyAddresses");
        JsonObject endpoint = new()
        {
            ["addresses"] = new JsonArray(pod.Text("status", "podIP")),
            ["conditions"] = new JsonObject
            {
                ["ready"] = isPublished || (isReady && !isTerminating),
                ["serving"] = isPublished || isReady,
                ["terminating"] = isTerminating,
            },
            ["nodeName"] = pod.Text("spec", "nodeName"),
            ["targetRef"] = new JsonObject
            {
                ["kind"] = "Pod",
                ["namespace"] = pod.Text("metadata", "namespace"),
                ["name"] = pod.Text("metadata", "name"),
                ["uid"] = pod.Text("metadata", "uid"),
            },
        };
        if (pod.Text("spec", "subdomain") == service.Text("metadata", "name") && pod.Text("spec",
            "hostname") is { } host)
        {
            endpoint["hostname"] = host;
        }

        return endpoint;
    }

    private static long TargetOf(JsonObject port, JsonObject[] behind)
    {
        if (port.Number("targetPort") is { } number)
            return number;
        string? name = port.Text("targetPort");
        return behind.SelectMany(pod => pod.Items("spec", "containers"))
            .SelectMany(container => container.Items("ports"))
            .FirstOrDefault(each => each.Text("name") == name).Number("containerPort")
            ?? port.Number("port") ?? 0;
    }

    private static JsonObject ToEndpoints(JsonObject service, JsonObject slice)
    {
        JsonArray AddressesOf(bool isReady) =>
        [
            .. slice.Items("endpoints").Where(each => each.Flag("conditions", "ready") == isReady).Select(each =>
            {
                JsonObject address = new()
                {
                    ["ip"] = each.Texts("addresses").First(),
                    ["targetRef"] = each["targetRef"]?.DeepClone(),
                };
                if (each.Text("hostname") is { } host)
                    address["hostname"] = host;
                return address;
            }),
        ];
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Endpoints",
            ["metadata"] = new JsonObject
            {
                ["name"] = service.Text("metadata", "name"),
                ["namespace"] = service.Text("metadata", "namespace"),
                ["ownerReferences"] = new JsonArray(OwnerOf(service)),
            },
            ["subsets"] = new JsonArray(new JsonObject
            {
                ["addresses"] = AddressesOf(isReady: true),
                ["notReadyAddresses"] = AddressesOf(isReady: false),
                ["ports"] = slice["ports"]?.DeepClone(),
            }),
        };
    }

    private static JsonObject OwnerOf(JsonObject service) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["name"] = service.Text("metadata", "name"),
        ["uid"] = service.Text("metadata", "uid"),
    };
}
