namespace Kv.Interop.Tests.Sessions;

/// <summary>One line of a session, with the lines that belong to it.</summary>
public abstract record SessionStep(int Line)
{
    /// <summary><c>$ put foo bar</c>: runs a command to its end.</summary>
    public sealed record Run(int Line, string Command, string Input, Capture? Capture) : SessionStep(Line)
    {
        /// <summary><c>~ endpoint health</c>: what it prints comes in any order.</summary>
        public bool IsUnordered { get; init; }
    }

    /// <summary><c>&amp; w watch foo</c>: starts a command and leaves it running under a name.</summary>
    public sealed record Start(int Line, string Name, string Command) : SessionStep(Line);

    /// <summary><c>&gt; w text</c>: types a line into a running command.</summary>
    public sealed record Type(int Line, string Name, string Text) : SessionStep(Line);

    /// <summary><c>? w 3</c>: waits until a running command has printed that many lines in all.</summary>
    public sealed record Await(int Line, string Name, int Lines) : SessionStep(Line);

    /// <summary><c>@ 2</c>: waits until the node serves that many watchers, so that none misses what comes;
    /// <c>@ 2 ${E2}</c> until the one at that endpoint does.</summary>
    public sealed record Watchers(int Line, int Count, string Endpoint) : SessionStep(Line);

    /// <summary><c>! w</c>: ends a running command; what it printed is part of the session's output.</summary>
    public sealed record End(int Line, string Name) : SessionStep(Line);
}

/// <summary>Takes what the group of a pattern matched in the output, such as a lease's id that the server chose, as a
/// name for later commands. In the output the name stands for it.</summary>
public sealed record Capture(string Name, string Pattern);
