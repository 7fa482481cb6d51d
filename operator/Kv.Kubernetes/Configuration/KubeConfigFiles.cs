using System.Text.Json;
using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Configuration;

/// <summary>The kubeconfig files that hold together: of two entries of one name the one of the earlier file counts, as
/// does its current context (as kubectl merges).</summary>
internal static class KubeConfigFiles
{
    private static readonly JsonSerializerOptions Lenient = CreateLenient();

    /// <summary>What KUBECONFIG lists, or the file in the home folder. Empty if neither exists.</summary>
    public static IReadOnlyList<string> DefaultPaths()
    {
        string? listed = Environment.GetEnvironmentVariable("KUBECONFIG");
        if (!string.IsNullOrEmpty(listed))
            return listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string path = Path.Combine(home, ".kube", "config");
        return home.Length > 0 && File.Exists(path) ? [path] : [];
    }

    /// <summary>A file of a list may be missing, as long as one is there.</summary>
    /// <exception cref="KubeConfigException">None is there, or one cannot be read.</exception>
    public static KubeConfig Load(IReadOnlyList<string> paths)
    {
        string[] found = [.. paths.Where(File.Exists)];
        if (found.Length == 0)
            throw new KubeConfigException($"No kubeconfig at {string.Join(", ", paths)}.");

        var merged = new KubeConfig { Clusters = [], Users = [], Contexts = [] };
        foreach (string path in found)
        {
            var next = Read(path);
            merged.CurrentContext = string.IsNullOrEmpty(merged.CurrentContext)
                ? next.CurrentContext
                : merged.CurrentContext;
            Merge(merged.Clusters, next.Clusters, path);
            Merge(merged.Users, next.Users, path);
            Merge(merged.Contexts, next.Contexts, path);
        }

        return merged;
    }

    private static KubeConfig Read(string path)
    {
        try
        {
            return KubernetesYaml.Deserialize<KubeConfig>(File.ReadAllText(path), Lenient);
        }
        catch (Exception failure) when (failure is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"{path}: {failure.Message}", failure);
        }
    }

    private static void Merge(List<KubeConfigEntry> merged, List<KubeConfigEntry>? next, string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        foreach (var entry in next ?? [])
        {
            entry.Folder = folder;
            if (merged.TrueForAll(known => known.Name != entry.Name))
                merged.Add(entry);
        }
    }

    private static JsonSerializerOptions CreateLenient()
    {
        var options = new JsonSerializerOptions(KubernetesJson.Options);
        options.Converters.Add(new TextConverter());
        return options;
    }

    /// <summary>A password of digits need not be quoted.</summary>
    private sealed class TextConverter : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.String => reader.GetString(),
                JsonTokenType.True => "true",
                JsonTokenType.False => "false",
                JsonTokenType.Number => JsonElement.ParseValue(ref reader).GetRawText(),
                _ => throw new JsonException("A text was expected."),
            };

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value);
    }
}
