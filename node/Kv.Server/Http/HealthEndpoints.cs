using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Http;

/// <summary>The answers to those who ask how the node is. <c>/health</c> judges by alarms, leader and a read;
/// <c>/livez</c> asks whether a restart would help, <c>/readyz</c> whether clients should be sent here.
/// <code>
/// check               livez  readyz   fails when
/// serializable_read     x      x      this member cannot read what it has
/// linearizable_read            x      the cluster cannot confirm a read
/// data_corruption              x      a CORRUPT alarm is raised
/// non_learner                  x      this member is a learner
/// </code></summary>
public sealed class HealthEndpoints(INodeHealth node, HealthMetrics metrics, ILogger log)
{
    private const string Live = "livez";
    private const string Ready = "readyz";
    private const string SerializableRead = "serializable_read";
    private const string LinearizableRead = "linearizable_read";
    private const string DataCorruption = "data_corruption";
    private const string NonLearner = "non_learner";

    private static readonly string[] LiveChecks = [SerializableRead];
    private static readonly string[] ReadyChecks = [DataCorruption, SerializableRead, LinearizableRead, NonLearner];

    /// <summary>Null if the path is not of health.</summary>
    public async ValueTask<PlainAnswer?> TryAnswerAsync(PlainRequest request, CancellationToken cancelled) =>
        request.Path.Split('/') switch
        {
            ["", "health"] => await AnswerHealthAsync(request, cancelled),
            ["", Live] => await AnswerChecksAsync(request, Live, LiveChecks, cancelled),
            ["", Ready] => await AnswerChecksAsync(request, Ready, ReadyChecks, cancelled),
            ["", Live, var check] when LiveChecks.Contains(check) =>
                await AnswerChecksAsync(request, Live, [check], cancelled),
            ["", Ready, var check] when ReadyChecks.Contains(check) =>
                await AnswerChecksAsync(request, Ready, [check], cancelled),
            _ => null,
        };

    private async ValueTask<PlainAnswer> AnswerHealthAsync(PlainRequest request, CancellationToken cancelled)
    {
        if (request.Method != "GET")
            return PlainAnswer.OnlyGet();

        string[] excluded = [.. request.Query("exclude").OfType<string>()];
        bool isSerializable = request.Query("serializable") is ["true", ..];
        string reason = await FindReasonAsync(excluded, isSerializable, cancelled);
        bool isHealthy = reason.Length == 0;
        (isHealthy ? metrics.Healthy : metrics.Unhealthy).Increment();
        string word = isHealthy ? "true" : "false";
        string text = JsonEncodedText.Encode(reason, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
        string body = $$"""{"health":"{{word}}","reason":"{{text}}"}""";
        if (isHealthy)
            return PlainAnswer.Of(200, PlainAnswer.Text, body);

        Log.HealthFailed(log, request.Path, 503, reason);
        return PlainAnswer.Refuse(503, body);
    }

    /// <summary>What ails the node; empty if nothing.</summary>
    private async ValueTask<string> FindReasonAsync(
        string[] excluded, bool isSerializable, CancellationToken cancelled)
    {
        if (node.Alarms.FirstOrDefault(alarm => !excluded.Contains(alarm)) is { } raised)
            return $"ALARM {raised}";
        if (!isSerializable && !node.HasLeader)
            return "RAFT NO LEADER";
        string? error = await node.TryReadAsync(!isSerializable, cancelled);
        return error is null ? "" : $"RANGE ERROR:{error}";
    }

    private async ValueTask<PlainAnswer> AnswerChecksAsync(
        PlainRequest request, string type, string[] checks, CancellationToken cancelled)
    {
        if (request.Method != "GET")
            return PlainAnswer.OnlyGet();

        string[] excluded = checks.Length == 1 ? [] : [.. request.Query("exclude").OfType<string>()];
        var lines = new StringBuilder();
        bool areAllGood = true;
        foreach (string check in checks.Except(excluded))
        {
            string? error = await RunAsync(check, cancelled);
            metrics.CountCheck(type, check, isGood: error is null);
            areAllGood &= error is null;
            lines.Append(error is null ? $"[+]{check} ok\n" : $"[-]{check} failed: {error}\n");
        }

        if (!areAllGood)
        {
            Log.HealthFailed(log, request.Path, 503, lines.ToString());
            return PlainAnswer.Refuse(503, lines.ToString());
        }

        bool isVerbose = request.Query("verbose").Count > 0;
        return PlainAnswer.Of(200, PlainAnswer.Text, $"{(isVerbose ? lines : "")}ok\n")
            .With("X-Content-Type-Options", "nosniff");
    }

    /// <summary>Null if all is well.</summary>
    private async ValueTask<string?> RunAsync(string check, CancellationToken cancelled)
    {
        switch (check)
        {
            case NonLearner:
                return node.IsLearner ? "not supported for learner" : null;
            case DataCorruption:
                return node.Alarms.Contains("CORRUPT") ? "alarm activated: CORRUPT" : null;
            default:
                string? error = await node.TryReadAsync(check == LinearizableRead, cancelled);
                return error is null ? null : $"range error: {error}";
        }
    }
}
