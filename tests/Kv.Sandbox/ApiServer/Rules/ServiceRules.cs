using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Services: ports, and an address that stays.</summary>
internal static class ServiceRules
{
    public static void Prepare(JsonObject service, ServiceAddresses addresses)
    {
        JsonObject spec = service.Ensure("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        spec.Default("internalTrafficPolicy", "Cluster");
        spec.Default("ipFamilyPolicy", "SingleStack");
        spec.Default("ipFamilies", new JsonArray("IPv4"));
        foreach (JsonObject port in spec.Items("ports"))
        {
            port.Default("protocol", "TCP");
            port.Default("targetPort", port["port"]?.DeepClone());
        }

        if (spec.Text("type") == "ExternalName")
            return;
        if (spec.Text("clusterIP") is not { Length: > 0 })
            spec["clusterIP"] = addresses.Next();
        spec["clusterIPs"] = new JsonArray(spec.Text("clusterIP"));
        service["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
    }

    public static IEnumerable<FieldFault> FindFaults(JsonObject service, JsonObject? old)
    {
        bool isHeadless = service.Text("spec", "clusterIP") == "None";
        if (!service.Items("spec", "ports").Any() && !isHeadless && service.Text("spec", "type") != "ExternalName")
            yield return FieldFault.Required("spec.ports");
        HashSet<string> names = [];
        foreach ((int index, JsonObject port) in service.Items("spec", "ports").Index())
        {
            if (port.Number("port") is not (>= 1 and <= 65535))
            {
                yield return FieldFault.Invalid($"spec.ports[{index}].port", port["port"],
                    "must be between 1 and 65535, inclusive");
            }

            if (!names.Add(port.Text("name") ?? ""))
                yield return FieldFault.Duplicate($"spec.ports[{index}].name", port["name"]);
        }

        bool hasMoved = old is not null && old.Text("spec", "clusterIP") != service.Text("spec", "clusterIP");
        if (hasMoved)
        {
            yield return FieldFault.Invalid("spec.clusterIPs[0]", service.At("spec", "clusterIP"),
                "field is immutable");
        }
    }
}
