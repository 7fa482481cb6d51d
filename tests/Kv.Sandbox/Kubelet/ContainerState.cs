using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>What a container is doing, as its status tells.</summary>
internal sealed record ContainerState
{
    public static ContainerState Waiting(string reason, string message = "") =>
        new() { Name = "waiting", Reason = reason, Message = message };

    public static ContainerState Running(DateTime started) => new() { Name = "running", Started = started };

    public static ContainerState Terminated(DateTime started, int exitCode, string reason, string message) => new()
    {
        Name = "terminated",
        Started = started,
        Finished = DateTime.UtcNow,
        ExitCode = exitCode,
        Reason = reason,
        Message = message,
    };

    public required string Name { get; init; }

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public DateTime Started { get; init; }

    public DateTime Finished { get; init; }

    public int ExitCode { get; init; }

    public JsonObject ToJson()
    {
        JsonObject state = [];
        if (Reason.Length > 0)
            state["reason"] = Reason;
        if (Message.Length > 0)
            state["message"] = Message;
        if (Name != "waiting")
            state["startedAt"] = TimeConverter.ToText(Started);
        if (Name == "terminated")
        {
            state["finishedAt"] = TimeConverter.ToText(Finished);
            state["exitCode"] = ExitCode;
        }

        return new JsonObject { [Name] = state };
    }
}
