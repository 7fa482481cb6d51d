using System.Globalization;
using System.Text;

namespace Kv.Interop.Tests.Sessions;

/// <summary>A session with etcdctl as a text file. Each line begins with a sign:
/// <code>
/// $ COMMAND       runs it            &lt; TEXT     a line of its input
/// = NAME PATTERN  keeps part of its output (the pattern's group) for ${NAME} in later commands
/// &amp; NAME COMMAND  leaves it running   &gt; NAME TEXT   types a line into it
/// ? NAME N        waits until it has printed N lines     ! NAME   ends it
/// @ N ENDPOINT    waits until a node has N watchers      # remark
/// ~ COMMAND       runs it; its lines come in any order
/// </code>
/// Words are quoted as in a shell.</summary>
public static class SessionScript
{
    public static IReadOnlyList<SessionStep> Parse(IReadOnlyList<string> lines)
    {
        var steps = new List<SessionStep>();
        for (int index = 0; index < lines.Count; index++)
        {
            string line = lines[index];
            if (line.Length == 0 || line[0] == '#')
                continue;

            string rest = line.Length > 2 ? line[2..] : "";
            Add(steps, line[0], rest, index + 1);
        }

        return steps;
    }

    /// <summary>The words of a command, as a shell takes them; it knows no escapes and no expansions.</summary>
    public static IReadOnlyList<string> Words(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool inWord = false;
        char quote = '\0';
        foreach (char letter in command)
        {
            if (quote != '\0' && letter == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && letter is '\'' or '"')
            {
                quote = letter;
                inWord = true;
            }
            else if (quote == '\0' && letter == ' ')
            {
                if (inWord)
                    words.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(letter);
                inWord = true;
            }
        }

        if (inWord)
            words.Add(word.ToString());
        return words;
    }

    private static void Add(List<SessionStep> steps, char sign, string rest, int number)
    {
        switch (sign)
        {
            case '$':
                steps.Add(new SessionStep.Run(number, rest, "", Capture: null));
                break;
            case '~':
                steps.Add(new SessionStep.Run(number, rest, "", Capture: null) { IsUnordered = true });
                break;
            case '<':
                var fed = (SessionStep.Run)steps[^1];
                steps[^1] = fed with { Input = fed.Input + rest + "\n" };
                break;
            case '=':
                (string capture, string pattern) = Split(rest);
                steps[^1] = (SessionStep.Run)steps[^1] with { Capture = new Capture(capture, pattern) };
                break;
            case '&':
                (string started, string command) = Split(rest);
                steps.Add(new SessionStep.Start(number, started, command));
                break;
            case '>':
                (string typed, string text) = Split(rest);
                steps.Add(new SessionStep.Type(number, typed, text));
                break;
            case '?':
                (string awaited, string count) = Split(rest);
                steps.Add(new SessionStep.Await(number, awaited, int.Parse(count, CultureInfo.InvariantCulture)));
                break;
            case '@':
                (string watchers, string endpoint) = Split(rest);
                steps.Add(new SessionStep.Watchers(
                    number, int.Parse(watchers, CultureInfo.InvariantCulture), endpoint));
                break;
            case '!':
                steps.Add(new SessionStep.End(number, rest));
                break;
            default:
                throw new InvalidDataException($"Line {number} of the session begins with '{sign}'.");
        }
    }

    private static (string First, string Others) Split(string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? (text, "") : (text[..space], text[(space + 1)..]);
    }
}
