using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Schemas;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>Reads custom resource definitions.</summary>
internal static class CustomTypes
{
    /// <summary>What is wrong with a definition; its schemas are read for it.</summary>
    public static IReadOnlyList<FieldFault> FindFaults(JsonObject definition)
    {
        List<FieldFault> faults = [];
        string plural = definition.Text("spec", "names", "plural") ?? "";
        string group = definition.Text("spec", "group") ?? "";
        if (group.Length == 0)
            faults.Add(FieldFault.Required("spec.group"));
        if (plural.Length == 0)
            faults.Add(FieldFault.Required("spec.names.plural"));
        if (definition.Text("spec", "names", "kind") is not { Length: > 0 })
            faults.Add(FieldFault.Required("spec.names.kind"));
        if (definition.Text("spec", "scope") is not ("Namespaced" or "Cluster"))
        {
            faults.Add(FieldFault.NotSupported("spec.scope", definition.At("spec", "scope"), ["Cluster",
                "Namespaced"]));
        }

        if (definition.Text("metadata", "name") != $"{plural}.{group}")
        {
            faults.Add(FieldFault.Invalid(
                "metadata.name", definition.At("metadata", "name"), "must be spec.names.plural+\".\"+spec.group"));
        }

        JsonObject[] versions = [.. definition.Items("spec", "versions")];
        if (versions.Count(version => version.Flag("storage")) != 1)
        {
            faults.Add(FieldFault.Invalid("spec.versions", versions.Length,
                "must have exactly one version marked as storage version"));
        }

        if (definition.Text("spec", "conversion", "strategy") is { } strategy and not "None")
            faults.Add(FieldFault.NotSupported("spec.conversion.strategy", strategy, ["None"]));
        foreach ((int index, JsonObject version) in versions.Index())
            faults.AddRange(FindFaults(version, $"spec.versions[{index}]"));
        return faults;
    }

    /// <summary>The kinds that a definition without faults adds.</summary>
    public static IReadOnlyList<ResourceType> Read(JsonObject definition)
    {
        JsonNode? names = definition.At("spec", "names");
        string group = definition.Text("spec", "group") ?? "";
        string plural = names.Text("plural") ?? "";
        string kind = names.Text("kind") ?? "";
        return
        [
            .. definition.Items("spec", "versions").Where(version => version.Flag("served")).Select(version =>
                new ResourceType(group, version.Text("name") ?? "", kind, plural)
                {
                    StoragePrefix = $"/registry/{group}/{plural}/",
                    IsNamespaced = definition.Text("spec", "scope") == "Namespaced",
                    Singular = names.Text("singular") ?? kind.ToLowerInvariant(),
                    ShortNames = [.. names.Texts("shortNames")],
                    Categories = [.. names.Texts("categories")],
                    HasStatus = version.Map("subresources", "status") is not null,
                    Scale = ReadScale(version),
                    Schema = SchemaReader.Read(SchemaOf(version) ?? AnyObject(), "", out _),
                    Columns = ReadColumns(version),
                }),
        ];
    }

    private static IEnumerable<FieldFault> FindFaults(JsonObject version, string path)
    {
        if (version.Text("name") is not { Length: > 0 })
            yield return FieldFault.Required(path + ".name");
        string schemaPath = path + ".schema.openAPIV3Schema";
        if (SchemaOf(version) is not { } schema)
        {
            yield return FieldFault.Required(schemaPath, "schemas are required");
            yield break;
        }

        SchemaReader.Read(schema, schemaPath, out IReadOnlyList<FieldFault> faults);
        foreach (FieldFault fault in faults)
            yield return fault;
        foreach ((int index, JsonObject column) in version.Items("additionalPrinterColumns").Index())
        {
            if (!ColumnPath.TryParse(column.Text("jsonPath") ?? "", out _))
            {
                yield return FieldFault.Invalid(
                    $"{path}.additionalPrinterColumns[{index}].jsonPath", column.Text("jsonPath"), "is not understood");
            }
        }
    }

    private static JsonObject? SchemaOf(JsonObject version) => version.Map("schema", "openAPIV3Schema");

    private static JsonObject AnyObject() =>
        new() { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };

    private static ScalePaths? ReadScale(JsonObject version) =>
        version.Map("subresources", "scale") is { } scale
            ? new ScalePaths(
                scale.Text("specReplicasPath") ?? ".spec.replicas",
                scale.Text("statusReplicasPath") ?? ".status.replicas",
                scale.Text("labelSelectorPath"))
            : null;

    private static List<PrintedColumn>? ReadColumns(JsonObject version)
    {
        List<PrintedColumn> columns =
        [
            .. version.Items("additionalPrinterColumns").Select(column => new PrintedColumn(
                column.Text("name") ?? "", column.Text("type") ?? "string", column.Text("jsonPath") ?? "",
                (int)(column.Number("priority") ?? 0))
            {
                Description = column.Text("description") ?? "",
                Format = column.Text("format") ?? "",
            }),
        ];
        return columns.Count == 0 ? null : columns;
    }
}
