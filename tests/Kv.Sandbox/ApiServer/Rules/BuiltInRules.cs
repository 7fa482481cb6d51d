using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>What is filled in and what is refused for built-in kinds: not all that a cluster checks, but what an
/// operator can trip over.</summary>
internal static class BuiltInRules
{
    /// <summary>Fills in what a new object lacks.</summary>
    public static void Prepare(ResourceType type, JsonObject value, ServiceAddresses addresses)
    {
        switch (type.Kind)
        {
            case "Pod":
                PodRules.Prepare(value);
                break;
            case "Namespace":
                value.Ensure("spec").Default("finalizers", new JsonArray("kubernetes"));
                value.Ensure("metadata", "labels").Default(
                    "kubernetes.io/metadata.name", value.Text("metadata", "name"));
                value["status"] = new JsonObject { ["phase"] = "Active" };
                break;
            case "Service":
                ServiceRules.Prepare(value, addresses);
                break;
            case "PersistentVolumeClaim":
                value.Ensure("spec").Default("volumeMode", "Filesystem");
                AddFinalizer(value, "kubernetes.io/pvc-protection");
                value["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case "PersistentVolume":
                value.Ensure("spec").Default("persistentVolumeReclaimPolicy", "Retain");
                value.Ensure("spec").Default("volumeMode", "Filesystem");
                value["status"] = new JsonObject { ["phase"] = "Available" };
                break;
            case "StorageClass":
                value.Default("reclaimPolicy", "Delete");
                value.Default("volumeBindingMode", "Immediate");
                break;
            case "Secret":
                value.Default("type", "Opaque");
                MergeStringData(value);
                break;
            case "Job":
                JobRules.Prepare(value);
                break;
            case "Deployment":
                DeploymentRules.Prepare(value, isNew: true);
                break;
            case "CustomResourceDefinition":
                DefinitionRules.Prepare(value);
                break;
        }
    }

    /// <summary>What is done to the new form of an object that is there already.</summary>
    public static void PrepareUpdate(ResourceType type, JsonObject value)
    {
        if (type.Kind == "Secret")
            MergeStringData(value);
        else if (type.Kind == "Deployment")
            DeploymentRules.Prepare(value, isNew: false);
        else if (type.Kind == "CustomResourceDefinition")
            DefinitionRules.Prepare(value);
    }

    /// <param name="old">What is replaced; null for what is new.</param>
    public static IEnumerable<FieldFault> FindFaults(ResourceType type, JsonObject value, JsonObject? old) =>
        type.Kind switch
        {
            "Pod" => PodRules.FindFaults(value, old),
            "Service" => ServiceRules.FindFaults(value, old),
            "PersistentVolumeClaim" => ClaimRules.FindFaults(value, old),
            "Secret" => FindSecretFaults(value, old),
            "ConfigMap" => FindImmutable(value, old),
            "Deployment" => DeploymentRules.FindFaults(value, old),
            "Job" => JobRules.FindFaults(value, old),
            "StorageClass" => FindClassFaults(value, old),
            "CustomResourceDefinition" => CustomTypes.FindFaults(value),
            "Role" or "ClusterRole" => FindRoleFaults(value),
            "RoleBinding" or "ClusterRoleBinding" => FindBindingFaults(value, old),
            _ => [],
        };

    internal static void AddFinalizer(JsonObject value, string name)
    {
        JsonObject metadata = value.Ensure("metadata");
        if (metadata.Texts("finalizers").Contains(name))
            return;
        metadata.Default("finalizers", new JsonArray());
        metadata["finalizers"]!.AsArray().Add(name);
    }

    private static void MergeStringData(JsonObject secret)
    {
        foreach ((string key, string text) in secret.Pairs("stringData"))
        {
            secret.Ensure("data")[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
        }

        secret.Remove("stringData");
    }

    private static IEnumerable<FieldFault> FindSecretFaults(JsonObject value, JsonObject? old)
    {
        foreach ((string key, string text) in value.Pairs("data"))
        {
            if (!Convert.TryFromBase64String(text, new byte[text.Length], out _))
                yield return FieldFault.Invalid($"data[{key}]", "<binary>", "is not base64");
        }

        string[] required = value.Text("type") == "kubernetes.io/tls" ? ["tls.crt", "tls.key"] : [];
        foreach (string key in required.Where(key => value.At("data", key) is null))
            yield return FieldFault.Required($"data[{key}]");
        if (old is not null && old.Text("type") != value.Text("type"))
            yield return FieldFault.Invalid("type", value["type"]?.DeepClone(), "field is immutable");
        foreach (FieldFault fault in FindImmutable(value, old))
            yield return fault;
    }

    private static IEnumerable<FieldFault> FindImmutable(JsonObject value, JsonObject? old)
    {
        if (old.Flag("immutable") && !JsonFields.AreSame(old.At("data"), value["data"]))
            yield return FieldFault.Forbidden("data", "field is immutable when `immutable` is set");
    }

    private static IEnumerable<FieldFault> FindClassFaults(JsonObject value, JsonObject? old)
    {
        if (value.Text("provisioner") is not { Length: > 0 })
            yield return FieldFault.Required("provisioner");
        foreach (string field in new[] { "provisioner", "parameters", "reclaimPolicy", "volumeBindingMode" })
        {
            if (old is not null && !JsonFields.AreSame(old[field], value[field]))
                yield return FieldFault.Forbidden(field, "updates to this field are forbidden.");
        }
    }

    private static IEnumerable<FieldFault> FindRoleFaults(JsonObject value)
    {
        foreach ((int index, JsonObject rule) in value.Items("rules").Index())
        {
            if (!rule.Texts("verbs").Any())
                yield return FieldFault.Required($"rules[{index}].verbs", "verbs must contain at least one value");
            bool hasPaths = rule.Texts("nonResourceURLs").Any();
            if (!hasPaths && rule["apiGroups"] is not JsonArray { Count: > 0 })
            {
                yield return FieldFault.Required($"rules[{index}].apiGroups",
                    "resource rules must supply at least one api group");
            }

            if (!hasPaths && !rule.Texts("resources").Any())
            {
                yield return FieldFault.Required($"rules[{index}].resources",
                    "resource rules must supply at least one resource");
            }
        }
    }

    private static IEnumerable<FieldFault> FindBindingFaults(JsonObject value, JsonObject? old)
    {
        if (value.Text("roleRef", "name") is not { Length: > 0 })
            yield return FieldFault.Required("roleRef.name");
        if (old is not null && !JsonFields.AreSame(old["roleRef"], value["roleRef"]))
            yield return FieldFault.Invalid("roleRef", value["roleRef"]?.DeepClone(), "cannot change roleRef");
    }
}
