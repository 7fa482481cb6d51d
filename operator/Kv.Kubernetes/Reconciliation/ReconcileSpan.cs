using System.Diagnostics;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>The span of one pass over one object. Nobody listens unless traces are exported; then none is made. It says
/// of which object it is, what came of it and what was done, but nothing that is in objects.</summary>
public static class ReconcileSpan
{
    public const string SourceName = "Kv.Kubernetes";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Tells of something that was done in the pass that is under way here; if there is none, or it is not
    /// exported, nobody is told.</summary>
    /// <param name="text">What a user may read, as in an event of Kubernetes; may be empty.</param>
    public static void AddEvent(string name, string text = "")
    {
        if (Current is not { } span)
            return;
        ActivityTagsCollection? tags = text.Length == 0 ? null : new() { ["message"] = text };
        span.AddEvent(new ActivityEvent(name, tags: tags));
    }

    internal static Activity? Begin(string controller, ObjectKey key)
    {
        var span = Source.StartActivity("reconcile");
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag("controller", controller);
        if (key.Namespace is not null)
            span.SetTag("k8s.namespace.name", key.Namespace);
        return span.SetTag("k8s.object.name", key.Name);
    }

    /// <param name="result">As the metrics have it.</param>
    internal static void SetResult(string result)
    {
        if (Current is not { } span)
            return;
        span.SetTag("result", result);
        if (result == "error")
            span.SetStatus(ActivityStatusCode.Error);
    }

    private static Activity? Current =>
        Source.HasListeners() && Activity.Current is { IsAllDataRequested: true } span && span.Source == Source
            ? span
            : null;
}
