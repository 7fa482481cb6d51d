using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>The part of JSONPath that printer columns use: fields, indexes, [*], and filters that compare one field
/// with a text.</summary>
internal sealed partial class ColumnPath
{
    private readonly List<Match> _steps;

    private ColumnPath(List<Match> steps) => _steps = steps;

    public static bool TryParse(string text, [NotNullWhen(true)] out ColumnPath? path)
    {
        path = null;
        List<Match> steps = [];
        int at = 0;
        while (at < text.Length)
        {
            Match step = Step().Match(text, at);
            if (!step.Success || step.Index != at)
                return false;
            steps.Add(step);
            at += step.Length;
        }

        path = steps.Count == 0 ? null : new ColumnPath(steps);
        return path is not null;
    }

    /// <summary>What is at the path; several values become a text with blanks, as kubectl prints it.</summary>
    public JsonNode? Find(JsonNode root)
    {
        List<JsonNode> found = [root];
        foreach (Match step in _steps)
            found = [.. found.SelectMany(node => Take(node, step))];
        return found.Count switch
        {
            0 => null,
            1 => found[0].DeepClone(),
            _ => string.Join(' ', found.Select(node => JsonFields.AsText(node) ?? node.ToJsonString(JsonText.Plain))),
        };
    }

    private static IEnumerable<JsonNode> Take(JsonNode node, Match step)
    {
        if (step.Groups["field"].Success)
            return NotNull([node.At(step.Groups["field"].Value.Replace("\\.", ".", StringComparison.Ordinal))]);
        if (step.Groups["quoted"].Success)
            return NotNull([node.At(step.Groups["quoted"].Value)]);
        if (node is not JsonArray list)
            return [];
        if (step.Groups["all"].Success)
            return NotNull(list);
        if (step.Groups["index"].Success)
            return NotNull(list.Skip(int.Parse(step.Groups["index"].ValueSpan, provider: null)).Take(1));
        string[] names = step.Groups["name"].Value.Split('.');
        return list.Items().Where(each => each.Text(names) == step.Groups["value"].Value);
    }

    private static IEnumerable<JsonNode> NotNull(IEnumerable<JsonNode?> nodes) => nodes.OfType<JsonNode>();

    private const string Field = @"\.(?<field>(?:[^.\[\]\\]|\\\.)+)|\[['""](?<quoted>[^'""]+)['""]\]";
    private const string Element = @"\[(?<all>\*)\]|\[(?<index>\d+)\]";
    private const string Filter = @"\[\?\(@\.(?<name>[\w.]+)\s*==\s*['""](?<value>[^'""]*)['""]\)\]";

    [GeneratedRegex(Field + "|" + Element + "|" + Filter, RegexOptions.CultureInvariant)]
    private static partial Regex Step();
}
