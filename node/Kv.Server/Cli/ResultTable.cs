using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kv.Server.Cli;

/// <summary>How results are written; the names are those of <c>--write-out</c>.</summary>
public enum OutputFormat
{
    Simple,
    Json,
    Fields,
    Table,
}

/// <summary>A column under the three names it has in etcd's tools.</summary>
/// <param name="Title">In a table, where it is in capitals.</param>
/// <param name="Field">With <c>-w fields</c>.</param>
/// <param name="Key">With <c>-w json</c>.</param>
public sealed record Column(string Title, string Field, string Key);

/// <summary>A value, and how it is shown to people where that differs: a size is <c>254 kB</c>.</summary>
public sealed record Cell(object Value, string? Shown = null)
{
    public string Text => Shown ?? Convert.ToString(Value, CultureInfo.InvariantCulture)!;
}

/// <summary>What a command found out.</summary>
/// <param name="IsList">Whether there may be any number of rows; else there is one.</param>
public sealed record ResultTable(
    IReadOnlyList<Column> Columns, IReadOnlyList<IReadOnlyList<Cell>> Rows, bool IsList = false)
{
    private static readonly JsonSerializerOptions Json =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Format(OutputFormat format) => format switch
    {
        OutputFormat.Json => ToJson(),
        OutputFormat.Fields => ToFields(),
        OutputFormat.Table => ToTable(),
        _ => string.Concat(Rows.Select(row => string.Join(", ", row.Select(cell => cell.Text)) + "\n")),
    };

    private string ToJson()
    {
        var rows = Rows.Select(row => new JsonObject(Columns.Zip(row).Select(pair =>
            KeyValuePair.Create(pair.First.Key, ToNode(pair.Second.Value)))));
        JsonNode all = IsList ? new JsonArray([.. rows]) : rows.Single();
        return all.ToJsonString(Json) + "\n";
    }

    private static JsonNode? ToNode(object value) => value switch
    {
        string text => text,
        bool truth => truth,
        int number => number,
        uint number => number,
        long number => number,
        ulong number => number,
        _ => throw new ArgumentException($"No cell has a {value.GetType().Name}."),
    };

    private string ToFields()
    {
        var text = new StringBuilder();
        foreach (var row in Rows)
        {
            foreach (var (column, cell) in Columns.Zip(row))
                text.Append(CultureInfo.InvariantCulture, $"\"{column.Field}\" : {cell.Value}\n");
        }

        return text.ToString();
    }

    private string ToTable()
    {
        int[] widths =
        [
            .. Columns.Select((column, index) =>
                Rows.Select(row => row[index].Text.Length).Append(column.Title.Length).Max()),
        ];
        var text = new StringBuilder();
        Rule(text, widths, '┌', '┬', '┐');
        Line(text, Columns.Select((column, index) => Centre(column.Title.ToUpperInvariant(), widths[index])));
        Rule(text, widths, '├', '┼', '┤');
        foreach (var row in Rows)
            Line(text, row.Select((cell, index) => cell.Text.PadLeft(widths[index])));
        Rule(text, widths, '└', '┴', '┘');
        return text.ToString();
    }

    private static void Rule(StringBuilder text, int[] widths, char left, char middle, char right) =>
        text.Append(left).AppendJoin(middle, widths.Select(width => new string('─', width + 2))).Append(right)
            .Append('\n');

    private static void Line(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("│ ").AppendJoin(" │ ", cells).Append(" │\n");

    private static string Centre(string text, int width) =>
        text.PadLeft(text.Length + ((width - text.Length) / 2)).PadRight(width);
}
