using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>How a pod is, in the one word that kubectl prints.</summary>
internal static class PodPhase
{
    public static string Of(JsonObject pod)
    {
        string word = pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
        foreach (JsonObject status in pod.Items("status", "containerStatuses"))
        {
            if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
                word = waiting;
            else if (status.Map("state", "terminated") is { } ended)
                word = ended.Text("reason") is { Length: > 0 } reason ? reason : $"ExitCode:{ended.Number("exitCode")}";
        }

        int initDone = 0;
        foreach (JsonObject status in pod.Items("status", "initContainerStatuses"))
        {
            if (status.Number("state", "terminated", "exitCode") == 0)
            {
                initDone++;
                continue;
            }

            string? trouble = status.Text("state", "waiting", "reason") ?? status.Text("state", "terminated", "reason");
            return trouble is { Length: > 0 } and not "PodInitializing"
                ? $"Init:{trouble}"
                : $"Init:{initDone}/{pod.Items("spec", "initContainers").Count()}";
        }

        return pod.Text("metadata", "deletionTimestamp") is null ? word : "Terminating";
    }
}
