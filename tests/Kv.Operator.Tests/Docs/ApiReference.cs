using System.Globalization;
using System.Text;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Tests.Docs;

/// <summary>The reference of the custom resources, made of the very definitions that are installed.</summary>
internal static class ApiReference
{
    private const string Head =
        """
        # Reference of the API

        Every field of `KvCluster` and `KvSnapshot`, of the group `kvoperator.io`, version `v1`. Written from the types
        in `Kv.Operator/Api`, as are the definitions in [`crds/`](../crds), by the test `ApiReferenceTests` with
        `KV_REWRITE=1`. A field below `[]` is one of each member of a list, below `{}` of each value of a map. What the
        API server refuses beyond a field stands under "Rules". [README.md](README.md) says what it is all for.

        """;

    public static string Write()
    {
        var text = new StringBuilder(Head);
        foreach (V1CustomResourceDefinition definition in CrdFiles.Definitions)
            Write(text, definition);
        return text.ToString();
    }

    private static void Write(StringBuilder text, V1CustomResourceDefinition definition)
    {
        V1CustomResourceDefinitionNames names = definition.Spec.Names;
        V1JSONSchemaProps schema = definition.Spec.Versions!.Single().Schema!.OpenAPIV3Schema!;
        text.Append(CultureInfo.InvariantCulture, $"\n## {names.Kind}\n\n{schema.Description}");
        text.Append(CultureInfo.InvariantCulture, $" Short name: `{string.Join("`, `", names.ShortNames ?? [])}`.\n");
        foreach (string part in new[] { "spec", "status" })
        {
            text.Append(CultureInfo.InvariantCulture, $"\n### {part} of {names.Kind}\n\n");
            text.Append("| field | type | default | allowed | what it is |\n|---|---|---|---|---|\n");
            foreach (Field field in Below(part, schema.Properties![part]))
                text.Append(field.Row());
        }

        string[] rules = [.. Rules(schema)];
        if (rules.Length == 0)
            return;
        text.Append(CultureInfo.InvariantCulture, $"\n### Rules of {names.Kind}\n\n");
        foreach (string rule in rules)
            text.Append(CultureInfo.InvariantCulture, $"- {Cell(rule)}\n");
    }

    /// <summary>All fields below one, each before those in it.</summary>
    private static IEnumerable<Field> Below(string path, V1JSONSchemaProps schema)
    {
        var properties = schema.Properties ?? new Dictionary<string, V1JSONSchemaProps>();
        foreach ((string name, V1JSONSchemaProps property) in properties)
        {
            string here = $"{path}.{name}";
            yield return new Field(here, property, schema.Required?.Contains(name) == true);
            V1JSONSchemaProps? inner = property.Items ?? property.AdditionalProperties?.Schema;
            string below = property.Items is not null ? $"{here}[]" : inner is not null ? $"{here}{{}}" : here;
            foreach (Field field in Below(below, inner ?? property))
                yield return field;
        }
    }

    private static IEnumerable<string> Rules(V1JSONSchemaProps schema)
    {
        IEnumerable<string> own = (schema.XKubernetesValidations ?? []).Select(rule => rule.Message ?? rule.Rule);
        V1JSONSchemaProps?[] inner =
            [.. schema.Properties?.Values ?? [], schema.Items, schema.AdditionalProperties?.Schema];
        return own.Concat(inner.OfType<V1JSONSchemaProps>().SelectMany(Rules)).Distinct();
    }

    /// <summary>Text in a cell: a bar would end it.</summary>
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private sealed record Field(string Path, V1JSONSchemaProps Schema, bool IsRequired)
    {
        private static readonly string[] OfKubernetes =
            ["spec.resources.", "spec.scheduling.tolerations[].", "spec.imagePullSecrets[]."];

        private bool IsOfKubernetes => OfKubernetes.Any(each => Path.StartsWith(each, StringComparison.Ordinal));

        public string Row()
        {
            string what = Cell(Schema.Description ?? (IsOfKubernetes ? "As in a pod." : ""));
            string fallback = IsRequired ? "required" : Code(Schema.DefaultProperty?.ToJsonString());
            return $"| `{Path}` | {TypeOf(Schema)} | {fallback} | {Allowed(Schema)} | {what} |\n";
        }

        private static string TypeOf(V1JSONSchemaProps schema) => schema switch
        {
            { XKubernetesIntOrString: true } => "integer or string",
            { XKubernetesPreserveUnknownFields: true } => "object, as Kubernetes has it",
            { Items: { } item } => $"list of {TypeOf(item)}",
            { AdditionalProperties.Schema: { } value } => $"map of {TypeOf(value)}",
            { Format: "date-time" } => "time",
            _ => schema.Type ?? "",
        };

        private static string Allowed(V1JSONSchemaProps schema)
        {
            var parts = new List<string>();
            if (schema.EnumProperty is { } values)
                parts.Add(string.Join(", ", values.Select(value => Code(value.GetValue<string>()))));
            if (Span(schema.Minimum, schema.Maximum) is { } range)
                parts.Add(range);
            if (Span(schema.MinLength, schema.MaxLength) is { } length)
                parts.Add($"{length} characters");
            if ((schema.MaxItems ?? schema.MaxProperties) is { } most)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"at most {most}"));
            if (schema.Pattern is { } pattern)
                parts.Add($"like {Code(pattern)}");
            if (schema.Items is { Pattern: not null } item)
                parts.Add($"each {Allowed(item)}");
            return string.Join("; ", parts);
        }

        private static string? Span(double? least, double? most) => (least, most) switch
        {
            (null, null) => null,
            (_, null) => $"at least {Number(least)}",
            (null, _) => $"at most {Number(most)}",
            _ => $"{Number(least)} to {Number(most)}",
        };

        private static string Number(double? value) => value!.Value.ToString(CultureInfo.InvariantCulture);

        private static string Code(string? text) => text is null ? "" : $"`{Cell(text)}`";
    }
}
