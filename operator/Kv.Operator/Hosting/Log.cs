using Microsoft.Extensions.Logging;

namespace Kv.Operator.Hosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Decided on {Cluster}: {Reason}. {Message}")]
    public static partial void Decided(ILogger logger, string cluster, string reason, string message);

    [LoggerMessage(2, LogLevel.Warning, "Nothing can be done on {Cluster}: {Reason}. {Message}")]
    public static partial void Blocked(ILogger logger, string cluster, string reason, string message);

    [LoggerMessage(3, LogLevel.Warning, "{Cluster} refused: {Message}")]
    public static partial void MemberRefused(ILogger logger, string cluster, string message);

    [LoggerMessage(4, LogLevel.Information, "Started, version {Version}, for namespaces {Namespaces}.")]
    public static partial void Started(ILogger logger, string version, string namespaces);

    [LoggerMessage(6, LogLevel.Warning,
        "Lost {Count} {What}: the collector of telemetry does not take them, or not fast enough.")]
    public static partial void LostTelemetry(ILogger logger, long count, string what);

    [LoggerMessage(5, LogLevel.Critical, "Ended: {Message}")]
    public static partial void Failed(ILogger logger, string message);
}
