using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>What the pod itself can tell its containers: its fields, and the variables that refer to each
/// other.</summary>
internal static partial class PodFields
{
    /// <summary>The value of a field path, such as metadata.labels['a'].</summary>
    public static string? Find(JsonObject pod, string path)
    {
        Match keyed = Keyed().Match(path);
        if (keyed.Success)
            return pod.Text("metadata", keyed.Groups["map"].Value, keyed.Groups["key"].Value);
        if (path is "metadata.labels" or "metadata.annotations")
            return string.Join('\n', pod.Pairs(path.Split('.')).Select(pair => $"{pair.Key}=\"{pair.Value}\""));
        return pod.Text(path.Split('.'));
    }

    /// <summary>Puts the values of variables in the place of $(NAME); $$ stands for one dollar.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> variables) =>
        Reference().Replace(text, match => match.Value switch
        {
            "$$" => "$",
            _ => variables.GetValueOrDefault(match.Groups["name"].Value, match.Value),
        });

    /// <summary>The environment of a container, or what is missing for it.</summary>
    public static async Task<(Dictionary<string, string> Variables, string? Fault)> ReadEnvironmentAsync(
        SandboxClient client, JsonObject pod, JsonObject container, CancellationToken stop)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = pod.Text("spec", "hostname") ?? pod.Text("metadata", "name") ?? "",
            ["HOME"] = "/tmp",
        };
        string space = pod.Text("metadata", "namespace") ?? "";
        foreach (JsonObject source in container.Items("envFrom"))
        {
            bool isSecret = source["secretRef"] is not null;
            string kind = isSecret ? "secretRef" : "configMapRef";
            string name = source.Text(kind, "name") ?? "";
            JsonObject? found = await client.FindAsync(
                ObjectPath.Core(isSecret ? "secrets" : "configmaps", space, name), stop);
            if (found is null && !source.Flag(kind, "optional"))
                return (variables, $"{kind[..^3]} \"{name}\" not found");
            foreach ((string key, string value) in found.Pairs("data"))
                variables[(source.Text("prefix") ?? "") + key] = isSecret ? Decode(value) : value;
        }

        foreach (JsonObject variable in container.Items("env"))
        {
            (string? value, string? fault) = await ReadAsync(client, pod, variable, stop);
            if (fault is not null)
                return (variables, fault);
            if (value is not null)
                variables[variable.Text("name") ?? ""] = Expand(value, variables);
        }

        return (variables, null);
    }

    private static async Task<(string? Value, string? Fault)> ReadAsync(
        SandboxClient client, JsonObject pod, JsonObject variable, CancellationToken stop)
    {
        if (variable.Map("valueFrom") is not { } source)
            return (variable.Text("value") ?? "", null);
        if (source.Text("fieldRef", "fieldPath") is { } path)
            return (Find(pod, path) ?? "", null);
        if (source.Text("resourceFieldRef", "resource") is { } resource)
        {
            JsonObject? container = pod.Items("spec", "containers").FirstOrDefault();
            bool isKnown = Quantity.TryRead(container.At(["resources", .. resource.Split('.', 2)]),
                out Quantity amount);
            return (isKnown ? $"{amount.Whole}" : "0", null);
        }

        bool isSecret = source["secretKeyRef"] is not null;
        JsonObject? reference = source.Map("secretKeyRef") ?? source.Map("configMapKeyRef");
        string name = reference.Text("name") ?? "";
        string key = reference.Text("key") ?? "";
        JsonObject? found = await client.FindAsync(ObjectPath.Core(
            isSecret ? "secrets" : "configmaps", pod.Text("metadata", "namespace") ?? "", name), stop);
        string? text = found.Text("data", key);
        if (text is null)
            return reference.Flag("optional") ? (null, null) : (null, $"couldn't find key {key} in {name}");
        return (isSecret ? Decode(text) : text, null);
    }

    private static string Decode(string base64) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(
        base64));

    [GeneratedRegex(@"^metadata\.(?<map>labels|annotations)\['(?<key>[^']+)'\]$", RegexOptions.CultureInvariant)]
    private static partial Regex Keyed();

    [GeneratedRegex(@"\$\$|\$\((?<name>[-._a-zA-Z][-._a-zA-Z0-9]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
