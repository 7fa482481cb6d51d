using System.Globalization;

namespace Kv.Testing;

/// <summary>One command of a <see cref="Transcript"/>: a verb, then words and <c>name=value</c> pairs in any order, as
/// in <c>append 2 from=1 entries=5,6</c>.</summary>
public sealed class Command
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    private Command(string line) => Line = line;

    /// <summary>The command as it was written.</summary>
    public string Line { get; }

    public string Verb { get; private set; } = "";

    /// <summary>What follows the verb and is no pair, in order.</summary>
    public IReadOnlyList<string> Words => _words;

    public static Command Parse(string line)
    {
        var command = new Command(line);
        foreach (string part in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                command._values.Add(part[..equals], part[(equals + 1)..]);
            else if (command.Verb.Length == 0)
                command.Verb = part;
            else
                command._words.Add(part);
        }

        return command;
    }

    /// <summary>Whether the command has the pair, or the word.</summary>
    public bool Has(string name) => _values.ContainsKey(name) || _words.Contains(name);

    public string Text(string name) =>
        _values.TryGetValue(name, out string? value)
            ? value
            : throw new InvalidDataException($"'{Line}' lacks {name}=.");

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public ulong Number(string name) => ToNumber(Text(name));

    public ulong Number(string name, ulong otherwise) =>
        _values.TryGetValue(name, out string? value) ? ToNumber(value) : otherwise;

    /// <summary>The numbers of <c>name=1,2,3</c>; none if the pair is absent or empty.</summary>
    public ulong[] Numbers(string name) =>
        [.. Text(name, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ToNumber)];

    private static ulong ToNumber(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}
