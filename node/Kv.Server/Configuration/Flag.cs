namespace Kv.Server.Configuration;

/// <summary>What the text of a flag must be.</summary>
public enum FlagKind
{
    Text,
    Switch,

    /// <summary>A whole number that may be negative.</summary>
    Number,

    /// <summary>A whole number of 0 or more.</summary>
    Count,

    /// <summary>Go's form: <c>1h30m</c>, <c>100ms</c>.</summary>
    Duration,

    /// <summary>URLs with host and port, separated by commas.</summary>
    Urls,

    /// <summary>Words separated by commas.</summary>
    List,
}

/// <summary>What this server does with a flag that is given.</summary>
public enum FlagState
{
    Implemented,

    /// <summary>Accepted, and said to be without effect: nobody is less safe for it.</summary>
    Ignored,

    /// <summary>Refused, unless it asks for the default: to go on without it would surprise.</summary>
    Unsupported,

    /// <summary>etcd itself has given it up and accepts it still.</summary>
    Removed,

    /// <summary>What etcd 3.5 calls another flag.</summary>
    Former,

    /// <summary>Of etcd 3.5 and gone since, with what it was for; refused, unless it asks for the default.</summary>
    Gone,
}

/// <summary>One row of <see cref="FlagTable"/>: all that the parser, the help text, the documentation and the
/// environment need to know of a flag.</summary>
public sealed record Flag(string Group, string Name, FlagKind Kind, string Default, string Description)
{
    public FlagState State { get; init; }

    /// <summary>Why it is ignored or not supported.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The flag's name today, if it is a former one.</summary>
    public string? Successor { get; init; }

    /// <summary>The words it may be; empty if any will do.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether its value must not be logged.</summary>
    public bool IsSecret { get; init; }

    public string EnvironmentName { get; } =
        FlagTable.EnvironmentPrefix + Name.ToUpperInvariant().Replace('-', '_');
}
