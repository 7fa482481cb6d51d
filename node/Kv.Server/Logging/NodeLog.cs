using System.Diagnostics.CodeAnalysis;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Logging;

/// <summary>Where the loggers of this process come from. One per process; its disposal writes what is still
/// waiting.</summary>
public sealed class NodeLog : ILoggerFactory
{
    private readonly LogSettings _settings;
    private readonly TimeProvider _time;
    private readonly LineQueue _queue;

    internal NodeLog(LogSettings settings, TimeProvider time, IReadOnlyList<Stream> outputs)
    {
        _settings = settings;
        _time = time;
        _queue = new LineQueue(outputs, dropped => Format(new LogEvent(
            time.GetLocalNow(), LogLevel.Warning, "log/Dropped", "dropped log lines", [new("count", dropped)], null)));
    }

    /// <summary>Opens the outputs; <paramref name="fault"/> says which cannot be written to.</summary>
    public static bool TryOpen(
        LogSettings settings,
        TimeProvider time,
        [NotNullWhen(true)] out NodeLog? log,
        [NotNullWhen(false)] out string? fault)
    {
        var outputs = new List<Stream>();
        log = null;
        fault = null;
        foreach (string output in settings.Outputs)
        {
            try
            {
                outputs.Add(Open(output));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                fault = $"open sink \"{output}\": {exception.Message}";
            }
        }

        if (fault is null)
            log = new NodeLog(settings, time, outputs);
        else
            outputs.ForEach(output => output.Dispose());
        return fault is null;
    }

    /// <param name="categoryName">Stands before the slash in a line's <c>caller</c>.</param>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName, LowestOf(categoryName));

    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("Lines go to the outputs that were configured.");

    public void Dispose() => _queue.Dispose();

    private static Stream Open(string output) => output switch
    {
        "stderr" => Console.OpenStandardError(),
        "stdout" => Console.OpenStandardOutput(),
        _ => new FileStream(output, FileMode.Append, FileAccess.Write, FileShare.ReadWrite),
    };

    /// <summary>The framework tells of every connection at levels that we keep for what an operator must see.</summary>
    private LogLevel LowestOf(string category)
    {
        bool isOurs = !category.StartsWith("Microsoft.", StringComparison.Ordinal);
        return isOurs || _settings.Level < LogLevel.Information || _settings.Level > LogLevel.Warning
            ? _settings.Level
            : LogLevel.Warning;
    }

    private void Write(in LogEvent happened) =>
        _queue.Add(Format(happened), isLesser: happened.Level < LogLevel.Warning);

    private byte[] Format(in LogEvent happened) =>
        _settings.IsJson ? LineFormat.ToJson(happened) : LineFormat.ToConsole(happened);

    private sealed class Logger(NodeLog log, string category, LogLevel lowest) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => logLevel >= lowest && logLevel != LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;

            var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            string caller = eventId.Name is null ? category : $"{category}/{eventId.Name}";
            log.Write(new LogEvent(
                log._time.GetLocalNow(), logLevel, caller, formatter(state, exception), fields, exception));
        }
    }
}
