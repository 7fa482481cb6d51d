using System.Diagnostics;

namespace Kv.Server.Tracing;

/// <summary>Where the spans of a node begin. Nobody listens unless traces are exported; then no span is made, and all
/// that is left of tracing is a look at whether somebody does.</summary>
internal static class Spans
{
    public const string SourceName = "Kv.Node";

    /// <summary>The tag of a span whose request was refused: why.</summary>
    public const string Outcome = "kv.outcome";

    public static ActivitySource Source { get; } = new(SourceName, ProductText.ServerVersion);

    public static bool AreWanted => Source.HasListeners();

    /// <summary>A span below that of the call which is answered here, if that one is exported.</summary>
    public static Activity? BeginChild(string name) => AreWanted && Activity.Current is { IsAllDataRequested: true }
        ? Source.StartActivity(name)
        : null;
}
