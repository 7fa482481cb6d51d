using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>A lease as a server keeps it: every write must say which version it replaces.</summary>
internal sealed class LeaseServer
{
    private readonly Lock _gate = new();
    private JsonNode? _lease;
    private int _version;

    /// <summary>Whether it does not answer at all.</summary>
    public volatile bool IsDown;

    public JsonNode? Spec
    {
        get
        {
            lock (_gate)
                return _lease?["spec"]?.DeepClone();
        }
    }

    public int Writes
    {
        get
        {
            lock (_gate)
                return _version;
        }
    }

    /// <summary>As if another had taken it.</summary>
    public void Seize(string holder)
    {
        lock (_gate)
        {
            _lease!["spec"]!["holderIdentity"] = holder;
            _lease["metadata"]!["resourceVersion"] = $"{++_version}";
        }
    }

    public void Attach(FakeApiServer server)
    {
        const string Path = "/apis/coordination.k8s.io/v1/namespaces/n/leases";
        server.On($"GET {Path}/kv", context => AnswerAsync(context, (_, lease) => lease));
        server.On($"POST {Path}", context => AnswerAsync(context, (body, lease) => lease is null ? body : null));
        server.On($"PUT {Path}/kv", context => AnswerAsync(context, (body, lease) =>
            (string?)body!["metadata"]?["resourceVersion"] == (string?)lease?["metadata"]?["resourceVersion"]
                ? body
                : null));
    }

    private Task AnswerAsync(HttpContext context, Func<JsonNode?, JsonNode?, JsonNode?> next)
    {
        if (IsDown)
            return Answers.Silence()(context);
        var request = (RecordedRequest)context.Items["request"]!;
        lock (_gate)
        {
            bool isRead = request.Body.Length == 0;
            if (isRead && _lease is null)
                return Answers.Status(404, "NotFound", "leases \\\"kv\\\" not found")(context);
            var result = next(isRead ? null : request.Json, _lease);
            if (result is null)
            {
                string reason = context.Request.Method == "PUT" ? "Conflict" : "AlreadyExists";
                return Answers.Status(409, reason, "not so")(context);
            }

            if (!isRead)
            {
                _lease = result.DeepClone();
                _lease["metadata"]!["resourceVersion"] = $"{++_version}";
            }

            return Answers.Json(_lease!.ToJsonString())(context);
        }
    }
}
