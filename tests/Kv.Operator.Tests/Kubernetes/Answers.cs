using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What API servers answer, as theirs look.</summary>
internal static class Answers
{
    public static Answer Json(string body, int code = 200) => async context =>
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body);
    };

    public static Answer Status(
        int code,
        string reason,
        string message,
        string details = "{}",
        int? retryAfter = null) =>
        async context =>
        {
            if (retryAfter is { } seconds)
                context.Response.Headers.RetryAfter = $"{seconds}";
            await Json(StatusText(code, reason, message, details), code)(context);
        };

    public static string StatusText(int code, string reason, string message, string details = "{}") =>
        $$"""
        {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}",
         "reason":"{{reason}}","details":{{details}},"code":{{code}}}
        """.ReplaceLineEndings("");

    /// <summary>Sends the first bytes of an answer, and then the connection is gone.</summary>
    public static Answer CutAfter(string bytes) => async context =>
    {
        await context.Response.WriteAsync(bytes);
        await context.Response.Body.FlushAsync();
        context.Abort();
    };

    /// <summary>The connection goes before anything is answered.</summary>
    public static Answer Cut() => context =>
    {
        context.Abort();
        return Task.CompletedTask;
    };

    /// <summary>Never answers.</summary>
    public static Answer Silence() => async context =>
    {
        var over = new TaskCompletionSource();
        await using var aborted = context.RequestAborted.Register(over.SetResult);
        await using var closing = ((CancellationToken)context.Items["closing"]!).Register(() => over.TrySetResult());
        await over.Task;
    };

    public static string Pod(string name, string version, string extra = "") =>
        $$"""{"kind":"Pod","apiVersion":"v1",{{Body(name, version, extra)}}}""";

    /// <summary>As in a list: without kind and version.</summary>
    public static string PodItem(string name, string version) => $$"""{{{Body(name, version, "")}}}""";

    public static string PodList(string version, string next, params string[] items) =>
        $$"""
        {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}","continue":"{{next}}"},
         "items":[{{string.Join(',', items)}}]}
        """;

    public static string Event(string type, string body) => $$"""{"type":"{{type}}","object":{{body}}}""";

    public static string Bookmark(string version) => Event(
        "BOOKMARK",
        $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"},"spec":{}}""");

    public static string Expired() => Event(
        "ERROR", StatusText(410, "Expired", "too old resource version: 3 (1023)"));

    private static string Body(string name, string version, string extra)
    {
        var meta = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "n",
            ["uid"] = $"uid-{name}",
            ["resourceVersion"] = version,
            ["creationTimestamp"] = "2026-11-23T05:00:00Z",
            ["labels"] = new JsonObject { ["app"] = "kv" },
        };
        return $"\"metadata\":{meta.ToJsonString()},\"spec\":{{\"containers\":[]}}{extra}";
    }
}
