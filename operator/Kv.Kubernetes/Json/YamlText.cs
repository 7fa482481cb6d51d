using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Kv.Kubernetes.Json;

/// <summary>Writes JSON as YAML that people read: block style, two spaces, and quotes only where a text could be
/// taken for something else.</summary>
public static partial class YamlText
{
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        Write(text, node, indent: 0, isInSequence: false);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int indent, bool isInSequence)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } members:
                WriteMembers(text, members, indent, isInSequence);
                break;
            case JsonArray { Count: > 0 } items:
                foreach (JsonNode? item in items)
                {
                    text.Append(' ', indent).Append("- ");
                    Write(text, item, indent + 2, isInSequence: true);
                }

                break;
            default:
                text.Append(Scalar(node)).Append('\n');
                break;
        }
    }

    private static void WriteMembers(StringBuilder text, JsonObject members, int indent, bool isInSequence)
    {
        bool isFirst = true;
        foreach ((string name, JsonNode? value) in members)
        {
            if (!isFirst || !isInSequence)
                text.Append(' ', indent);
            isFirst = false;
            text.Append(Quoted(name)).Append(':');
            bool isBlock = value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 };
            text.Append(isBlock ? '\n' : ' ');
            int deeper = value is JsonArray ? indent : indent + 2;
            Write(text, value, deeper, isInSequence: false);
        }
    }

    private static string Scalar(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when node.GetValueKind() == JsonValueKind.String => Quoted(node.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    private static string Quoted(string text) => Plain().IsMatch(text) && !Ambiguous().IsMatch(text)
        ? text
        : JsonSerializer.Serialize(text, KubernetesJson.Options);

    /// <summary>What begins with a letter, a slash or an underscore and holds nothing that YAML gives a meaning to.
    /// </summary>
    [GeneratedRegex(@"^[A-Za-z_/][A-Za-z0-9_./ ,;()%+=<>*-]*(?<! )$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(true|false|yes|no|on|off|null|y|n)$", RegexOptions.IgnoreCase)]
    private static partial Regex Ambiguous();
}
