using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kv.Kubernetes.Json;

/// <summary>Reads YAML as JSON, which is all that the API means by YAML. What is not quoted and looks like a number,
/// true, false or null is one; everything else is a text.</summary>
public static class KubernetesYaml
{
    /// <summary>Aliases may be repeated, and so a short text may stand for a very long one.</summary>
    private const int NodesMax = 200_000;

    /// <summary>The documents of a text, less those that are empty.</summary>
    /// <exception cref="FormatException">The text is not YAML; the message says where.</exception>
    public static IReadOnlyList<JsonNode> ToJson(string yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            int left = NodesMax;
            return [.. stream.Documents.Select(document => Convert(document.RootNode, ref left)).OfType<JsonNode>()];
        }
        catch (YamlException wrong)
        {
            string finding = wrong.InnerException?.Message ?? wrong.Message;
            throw new FormatException($"Line {wrong.Start.Line}: {finding}", wrong);
        }
    }

    /// <summary>The one document of a text.</summary>
    /// <exception cref="FormatException">The text is not YAML, or not of this type.</exception>
    public static T Deserialize<T>(string yaml, JsonSerializerOptions? options = null)
    {
        if (ToJson(yaml) is not [var document])
            throw new FormatException("Exactly one YAML document was expected.");

        try
        {
            return document.Deserialize<T>(options ?? KubernetesJson.Options)
                ?? throw new FormatException($"null is not a {typeof(T).Name}.");
        }
        catch (JsonException wrong)
        {
            throw new FormatException(wrong.Message, wrong);
        }
    }

    private static JsonNode? Convert(YamlNode node, ref int left)
    {
        if (--left < 0)
            throw new FormatException($"More than {NodesMax} values, aliases counted as often as they are used.");

        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new JsonObject();
                foreach ((var key, var value) in mapping.Children)
                {
                    string name = (key as YamlScalarNode)?.Value ?? throw new FormatException("A key is no text.");
                    members[name] = Convert(value, ref left);
                }

                return members;
            case YamlSequenceNode sequence:
                var items = new JsonArray();
                foreach (var item in sequence.Children)
                    items.Add(Convert(item, ref left));
                return items;
            case YamlScalarNode scalar:
                return ConvertScalar(scalar);
            default:
                throw new FormatException($"Line {node.Start.Line}: unexpected {node.NodeType}.");
        }
    }

    private static JsonValue? ConvertScalar(YamlScalarNode scalar)
    {
        string text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
            return JsonValue.Create(text);

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(value: true),
            "false" or "False" or "FALSE" => JsonValue.Create(value: false),
            _ when IsNumber(text, out long whole) => JsonValue.Create(whole),
            _ when IsNumber(text, out double real) => JsonValue.Create(real),
            _ => JsonValue.Create(text),
        };
    }

    private static bool IsNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static bool IsNumber(string text, out double number)
    {
        number = 0;

        // Only what starts as a number: "Infinity" and the like are texts, and JSON could not say them.
        return (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.')
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
            && double.IsFinite(number);
    }
}
