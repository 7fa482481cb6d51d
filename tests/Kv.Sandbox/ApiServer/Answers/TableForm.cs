using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>Objects as rows of cells: what kubectl asks for, to print them.</summary>
internal sealed class TableForm
{
    private static readonly IReadOnlyList<PrintedColumn> Plain = [BuiltInColumns.Age];

    private readonly IReadOnlyList<PrintedColumn> _columns;
    private readonly bool _includesObject;
    private readonly bool _includesMetadata;

    private TableForm(IReadOnlyList<PrintedColumn> columns, string includes)
    {
        _columns = columns;
        _includesObject = includes == "Object";
        _includesMetadata = includes != "None";
    }

    /// <summary>The form that a call asks for; null if it wants the objects themselves.</summary>
    public static TableForm? Of(ApiCall call)
    {
        bool isWanted = call.Http.Request.Headers.Accept.ToString().Split(',').Any(each =>
            each.Contains("as=Table", StringComparison.Ordinal)
            && each.Contains("g=meta.k8s.io", StringComparison.Ordinal)
            && each.Contains("v=v1", StringComparison.Ordinal));
        return isWanted ? new TableForm(ColumnsOf(call.Type), call.Query("includeObject")) : null;
    }

    public JsonObject ToTable(IReadOnlyList<JsonObject> items, JsonObject metadata, bool withColumns = true) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = metadata.Copy(),
        ["columnDefinitions"] = withColumns
            ? new JsonArray([NameColumn(), .. _columns.Select(ToDefinition)])
            : [],
        ["rows"] = new JsonArray([.. items.Select(ToRow)]),
    };

    private static IReadOnlyList<PrintedColumn> ColumnsOf(ResourceType type)
    {
        if (type.Columns is null)
            return Plain;

        // Definitions that show no age of their own get none, as with a real server.
        return type.Columns;
    }

    private static JsonObject NameColumn() => new()
    {
        ["name"] = "Name",
        ["type"] = "string",
        ["format"] = "name",
        ["description"] = "Name must be unique within a namespace.",
        ["priority"] = 0,
    };

    private static JsonObject ToDefinition(PrintedColumn column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = column.Description,
        ["priority"] = column.Priority,
    };

    private JsonObject ToRow(JsonObject value)
    {
        JsonObject row = new()
        {
            ["cells"] = new JsonArray(
                [value.Text("metadata", "name"), .. _columns.Select(column => CellOf(column, value))]),
        };
        if (_includesObject)
        {
            row["object"] = value.Copy();
        }
        else if (_includesMetadata)
        {
            row["object"] = new JsonObject
            {
                ["kind"] = "PartialObjectMetadata",
                ["apiVersion"] = "meta.k8s.io/v1",
                ["metadata"] = value["metadata"]?.DeepClone(),
            };
        }

        return row;
    }

    private static JsonNode? CellOf(PrintedColumn column, JsonObject value)
    {
        if (column.Cell is not null)
            return column.Cell(value);
        if (!ColumnPath.TryParse(column.Path, out ColumnPath? path) || path.Find(value) is not { } found)
            return null;
        return column.Type switch
        {
            "date" => Ages.Since(JsonFields.AsText(found)),
            "string" => JsonFields.AsText(found) ?? found.ToJsonString(JsonText.Plain),
            _ => found,
        };
    }
}
