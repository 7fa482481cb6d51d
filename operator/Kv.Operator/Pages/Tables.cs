namespace Kv.Operator.Pages;

/// <summary>A table that is read out as one: with a caption, and heads of its columns and rows.</summary>
internal static class Tables
{
    /// <param name="id">Of the element that is scrolled where the screen is narrow: it can be reached by keyboard, and
    /// the script finds it again.</param>
    /// <param name="caption">What the table is about.</param>
    /// <param name="columns">Their heads.</param>
    /// <param name="rows">A cell for each column; the first is the head of its row.</param>
    public static Markup Of(string id, string caption, IReadOnlyList<string> columns, IEnumerable<Markup[]> rows)
    {
        var heads = Markup.Join(columns.Select(column => Markup.Of($"""<th scope="col">{column}</th>""")));
        return Markup.Of(
            $"""
            <div class="scroll" id="{id}" role="region" tabindex="0" aria-label="{caption}">
            <table><caption>{caption}</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>
            {rows.Select(Row)}</tbody></table></div>

            """);
    }

    private static Markup Row(Markup[] cells)
    {
        IEnumerable<Markup> others = cells.Skip(1).Select(cell => Markup.Of($"<td>{cell}</td>"));
        return Markup.Of($"""<tr><th scope="row">{cells[0]}</th>{others}</tr>""");
    }
}
