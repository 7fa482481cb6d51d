using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>What objects, labels and annotations may be called.</summary>
internal static partial class ObjectNames
{
    private const int SuffixLength = 5;
    private const int GeneratedPrefixMax = 58;
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>A name that begins as wanted and ends by chance.</summary>
    public static string Generate(string prefix) =>
        prefix[..Math.Min(prefix.Length, GeneratedPrefixMax)] + RandomNumberGenerator.GetString(Letters, SuffixLength);

    public static IEnumerable<FieldFault> FindFaults(ResourceType type, JsonObject value)
    {
        string name = value.Text("metadata", "name") ?? "";
        if (name.Length == 0)
            yield return FieldFault.Required("metadata.name", "name or generateName is required");
        else if (FindFault(type, name) is { } fault)
            yield return FieldFault.Invalid("metadata.name", name, fault);
        foreach ((string key, string label) in value.Pairs("metadata", "labels"))
        {
            if (!Key().IsMatch(key))
                yield return FieldFault.Invalid("metadata.labels", key, "is no name of a label");
            if (!LabelValue().IsMatch(label))
                yield return FieldFault.Invalid("metadata.labels", label, LabelFault);
        }

        foreach ((string key, _) in value.Pairs("metadata", "annotations"))
        {
            if (!Key().IsMatch(key))
                yield return FieldFault.Invalid("metadata.annotations", key, "is no name of an annotation");
        }
    }

    private static string? FindFault(ResourceType type, string name)
    {
        if (type.Group == BuiltInTypes.RbacGroup)
            return name is "." or ".." || name.Contains('/') || name.Contains('%') ? "is no path segment" : null;
        bool isLabel = type.Group.Length == 0 && type.Plural is "namespaces" or "services";
        if (isLabel)
            return Label().IsMatch(name) && name.Length <= 63 ? null : LabelNameFault;
        return Subdomain().IsMatch(name) && name.Length <= 253 ? null : SubdomainFault;
    }

    private const string SubdomainFault = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
        + "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
        + "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelNameFault = "a lowercase RFC 1123 label must consist of lower case alphanumeric "
        + "characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
        + "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string LabelFault = "a valid label must be an empty string or consist of alphanumeric characters, "
        + "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
        + "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex LabelValue();

    [GeneratedRegex(@"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Key();
}
