using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>Which objects a list or a watch wants, by their labels and some of their fields.</summary>
internal sealed partial class Selectors
{
    private static readonly string[] KnownFields = ["metadata.name", "metadata.namespace", "spec.nodeName",
        "status.phase", "status.podIP", "spec.restartPolicy", "spec.serviceAccountName", "type", "reason", "source",
        "reportingComponent", "spec.unschedulable", "status.successful"];

    private readonly List<Func<JsonObject, bool>> _tests = [];

    /// <summary>The only name that fits; null if there may be several.</summary>
    public string? Name { get; private set; }

    /// <exception cref="RefusedException">A selector cannot be read.</exception>
    public static Selectors Parse(string labels, string fields)
    {
        var selectors = new Selectors();
        foreach (string requirement in SplitRequirements(labels))
            selectors._tests.Add(ParseLabel(requirement.Trim()));
        foreach (string requirement in fields.Split(',', StringSplitOptions.RemoveEmptyEntries))
            selectors.AddField(requirement);
        return selectors;
    }

    public bool Fit(JsonObject value) => _tests.TrueForAll(test => test(value));

    /// <summary>Whether labels fit a selector of an object, as in a service or a disruption budget.</summary>
    public static bool Fit(JsonObject? selector, JsonNode? labels)
    {
        foreach ((string name, string value) in selector.Pairs("matchLabels"))
        {
            if (labels.Text(name) != value)
                return false;
        }

        return selector.Items("matchExpressions").All(each =>
        {
            string? value = labels.Text(each.Text("key") ?? "");
            return each.Text("operator") switch
            {
                "In" => value is not null && each.Texts("values").Contains(value),
                "NotIn" => value is null || !each.Texts("values").Contains(value),
                "Exists" => value is not null,
                _ => value is null,
            };
        });
    }

    private static IEnumerable<string> SplitRequirements(string text)
    {
        // Commas in parentheses part values, others part requirements.
        int depth = 0;
        int start = 0;
        for (int at = 0; at <= text.Length; at++)
        {
            char here = at < text.Length ? text[at] : ',';
            depth += here == '(' ? 1 : here == ')' ? -1 : 0;
            if (here != ',' || (depth > 0 && at < text.Length))
                continue;
            if (text.AsSpan(start, at - start).Trim().Length > 0)
                yield return text[start..at];
            start = at + 1;
        }
    }

    private static Func<JsonObject, bool> ParseLabel(string requirement)
    {
        if (SetRequirement().Match(requirement) is { Success: true } set)
        {
            string key = set.Groups["key"].Value;
            bool isIn = set.Groups["verb"].Value == "in";
            string[] values = [.. set.Groups["values"].Value.Split(',').Select(value => value.Trim())];
            return each => LabelOf(each, key) is { } value ? values.Contains(value) == isIn : !isIn;
        }

        if (EqualRequirement().Match(requirement) is { Success: true } equal)
        {
            string key = equal.Groups["key"].Value;
            string value = equal.Groups["value"].Value;
            return equal.Groups["verb"].Value == "!="
                ? each => LabelOf(each, key) != value
                : each => LabelOf(each, key) == value;
        }

        if (!KeyRequirement().IsMatch(requirement))
            throw RefusedException.BadRequest($"unable to parse requirement: '{requirement}'");
        string name = requirement.TrimStart('!').Trim();
        return requirement[0] == '!' ? each => LabelOf(each, name) is null : each => LabelOf(each, name) is not null;
    }

    private void AddField(string requirement)
    {
        Match match = EqualRequirement().Match(requirement.Trim());
        string field = match.Groups["key"].Value;
        bool isKnown = KnownFields.Contains(field) || field.StartsWith("involvedObject.", StringComparison.Ordinal)
            || field.StartsWith("regarding.", StringComparison.Ordinal);
        if (!match.Success || !isKnown)
            throw RefusedException.BadRequest($"field label not supported: {requirement}");
        string value = match.Groups["value"].Value;
        bool isNot = match.Groups["verb"].Value == "!=";
        string[] path = field.Split('.');
        if (field == "metadata.name" && !isNot)
            Name = value;
        _tests.Add(each => (Show(each.At(path)) == value) != isNot);
    }

    private static string Show(JsonNode? node) => JsonFields.AsText(node) ?? node?.ToJsonString() ?? "";

    private static string? LabelOf(JsonObject value, string key) => value.Text("metadata", "labels", key);

    [GeneratedRegex(@"^(?<key>[\w./-]+)\s+(?<verb>in|notin)\s+\((?<values>[^()]*)\)$", RegexOptions.CultureInvariant)]
    private static partial Regex SetRequirement();

    [GeneratedRegex(@"^(?<key>[\w./-]+)\s*(?<verb>==|=|!=)\s*(?<value>[^\s=!]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex EqualRequirement();

    [GeneratedRegex(@"^!?\s*[\w./-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex KeyRequirement();
}
