using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Observers;

/// <summary>Keeps what is logged: the message, then each field as <c>name=value</c>.</summary>
internal sealed class SomeLog : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

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
        var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        _lines.Enqueue(string.Join(' ', [
            formatter(state, exception),
            .. fields.Where(field => field.Key != "{OriginalFormat}").Select(field => $"{field.Key}={field.Value}"),
        ]));
    }
}
