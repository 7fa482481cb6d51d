using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Debug, "Informer {Informer} listed {Count} objects at {Version}.")]
    public static partial void Listed(ILogger logger, string informer, int count, string? version);

    [LoggerMessage(LogLevel.Information, "Informer {Informer} lists anew: its watch was too old.")]
    public static partial void WatchExpired(ILogger logger, string informer);

    [LoggerMessage(LogLevel.Warning, "Informer {Informer} lost its connection and tries again in {Pause}: {Cause}")]
    public static partial void InformerFailed(ILogger logger, string informer, TimeSpan pause, string cause);

    [LoggerMessage(LogLevel.Error, "A listener of informer {Informer} failed.")]
    public static partial void ListenerFailed(ILogger logger, Exception failure, string informer);

    [LoggerMessage(LogLevel.Debug, "Controller {Controller} reconciled {Key} in {Took}; again in {RequeueAfter}.")]
    public static partial void Reconciled(
        ILogger logger, string controller, ObjectKey key, TimeSpan took, TimeSpan? requeueAfter);

    [LoggerMessage(LogLevel.Warning, "Controller {Controller} failed at {Key} and tries again in {Pause}: {Cause}")]
    public static partial void ReconcileFailed(
        ILogger logger, string controller, ObjectKey key, TimeSpan pause, string cause);

    [LoggerMessage(LogLevel.Error, "Controller {Controller} broke at {Key} and tries again in {Pause}.")]
    public static partial void ReconcileBroke(
        ILogger logger, Exception failure, string controller, ObjectKey key, TimeSpan pause);

    [LoggerMessage(LogLevel.Debug, "Controller {Controller} met a conflict at {Key}; again in {Pause}: {Cause}")]
    public static partial void ReconcileConflicted(
        ILogger logger, string controller, ObjectKey key, TimeSpan pause, string cause);

    [LoggerMessage(LogLevel.Error, "Controller {Controller} cannot do {Key} until it changes: {Cause}")]
    public static partial void ReconcileEnded(ILogger logger, string controller, ObjectKey key, string cause);

    [LoggerMessage(LogLevel.Information, "Lease {Lease} was taken by {Identity}.")]
    public static partial void LeaseTaken(ILogger logger, string lease, string identity);

    [LoggerMessage(LogLevel.Information, "Lease {Lease} is held by {Holder}.")]
    public static partial void LeaseHeldByAnother(ILogger logger, string lease, string? holder);

    [LoggerMessage(LogLevel.Warning, "Lease {Lease} could not be renewed: {Cause}")]
    public static partial void LeaseFailed(ILogger logger, string lease, string cause);

    [LoggerMessage(LogLevel.Error, "Lease {Lease} was lost.")]
    public static partial void LeaseLost(ILogger logger, string lease);

    [LoggerMessage(LogLevel.Warning, "Lease {Lease} could not be released: {Cause}")]
    public static partial void LeaseNotReleased(ILogger logger, string lease, string cause);

    [LoggerMessage(LogLevel.Warning, "The event {Reason} of {Regarding} was not recorded: {Cause}")]
    public static partial void EventLost(ILogger logger, string reason, string regarding, string cause);

    [LoggerMessage(LogLevel.Warning, "Workers of {Controller} did not end within {Grace}.")]
    public static partial void WorkersLeftBehind(ILogger logger, string controller, TimeSpan grace);
}
