using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Logging;

/// <summary>Keeps what it is told, fields and all, as lines.</summary>
internal sealed class HeardLog : ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var fields = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
        string values = string.Join(
            ' ', fields.Where(field => field.Key != "{OriginalFormat}").Select(field => $"{field.Key}={field.Value}"));
        lock (_gate)
            _lines.Add($"{logLevel}: {formatter(state, exception)} {values} {exception?.Message}".TrimEnd());
    }

    public bool Has(string text) => Lines.Any(line => line.Contains(text, StringComparison.Ordinal));
}
