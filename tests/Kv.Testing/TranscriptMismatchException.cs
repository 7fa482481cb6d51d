using System.Text;

namespace Kv.Testing;

/// <summary>A transcript was not answered as it is written. The message shows the first line that differs, with what
/// led up to it.</summary>
public sealed class TranscriptMismatchException(string path, string expected, string actual)
    : Exception(Describe(path, expected, actual))
{
    private const int LinesBefore = 8;
    private const int LinesAfter = 4;

    private static string Describe(string path, string expected, string actual)
    {
        string[] wanted = expected.Split('\n');
        string[] found = actual.Split('\n');
        int first = 0;
        while (first < wanted.Length && first < found.Length && wanted[first] == found[first])
            first++;

        var text = new StringBuilder();
        text.Append($"{path}:{first + 1} is not answered as written (KV_REWRITE=1 writes the answers anew).\n");
        Append(text, "  ", wanted, Math.Max(0, first - LinesBefore), first);
        Append(text, "- ", wanted, first, first + LinesAfter);
        Append(text, "+ ", found, first, first + LinesAfter);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string mark, string[] lines, int from, int to)
    {
        for (int line = from; line < Math.Min(to, lines.Length); line++)
            text.Append(mark).Append(lines[line]).Append('\n');
    }
}
