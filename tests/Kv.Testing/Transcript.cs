using System.Runtime.CompilerServices;
using System.Text;

namespace Kv.Testing;

/// <summary>A test that reads as a conversation: commands, a line of dashes, and the answer expected to them, block
/// after block; lines that begin with '#' are prose, and an empty line ends an answer. With <c>KV_REWRITE=1</c> the
/// answers are written anew into the source tree, and the diff is what there is to review.</summary>
public static class Transcript
{
    private const string Separator = "----";
    private const string Variable = "KV_REWRITE";

    /// <summary>The transcripts in a folder beside the test that asks, as paths relative to that test: short enough
    /// to be the name of a test case.</summary>
    public static IEnumerable<string> FilesIn(string folder, [CallerFilePath] string test = "") =>
        Directory.EnumerateFiles(Path.Combine(Path.GetDirectoryName(test)!, folder))
            .Select(file => Path.Combine(folder, Path.GetFileName(file)))
            .Order(StringComparer.Ordinal);

    /// <summary>Plays the transcript at <paramref name="path"/>, relative to the test that asks, and throws
    /// <see cref="TranscriptMismatchException"/> at the first line that is not as written.</summary>
    public static void Check(string path, Func<Command, string> answer, [CallerFilePath] string test = "")
    {
        string file = Path.Combine(Path.GetDirectoryName(test)!, path);
        string expected = File.ReadAllText(file);
        string actual = Play(expected, answer);
        if (Environment.GetEnvironmentVariable(Variable) == "1")
            File.WriteAllText(file, actual);
        else if (expected != actual)
            throw new TranscriptMismatchException(path, expected, actual);
    }

    private static string Play(string text, Func<Command, string> answer)
    {
        var played = new StringBuilder();
        var commands = new List<Command>();
        bool inAnswer = false;
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            inAnswer &= line.Length > 0;
            if (!inAnswer)
                played.Append(line).Append('\n');

            if (line == Separator)
            {
                inAnswer = true;
                foreach (Command command in commands)
                    AppendLines(played, answer(command));
                commands.Clear();
            }
            else if (!inAnswer && line.Length > 0 && line[0] != '#')
            {
                commands.Add(Command.Parse(line));
            }
        }

        return played.ToString();
    }

    private static void AppendLines(StringBuilder played, string answer)
    {
        string trimmed = answer.TrimEnd('\n');
        if (trimmed.Length > 0)
            played.Append(trimmed).Append('\n');
    }
}
