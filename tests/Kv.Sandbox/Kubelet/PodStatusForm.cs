using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>The status of a pod, from how its containers are.</summary>
internal static class PodStatusForm
{
    private static readonly string[] OwnConditions =
        ["PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"];

    /// <param name="known">The pod as it was last seen, for the times of conditions and those of others.</param>
    public static JsonObject Of(
        JsonObject known,
        IReadOnlyList<ContainerRunner> initial,
        IReadOnlyList<ContainerRunner> containers,
        PodPlace place)
    {
        bool isInitialized = initial.All(each => each.IsOver ? each.State.ExitCode == 0 : each.IsStarted);
        bool areReady = containers.Count > 0 && containers.All(each => each.IsReady);
        bool gatesAreOpen = known.Items("spec", "readinessGates").All(gate => known.Items("status", "conditions").Any(
            each => each.Text("type") == gate.Text("conditionType") && each.Text("status") == "True"));
        JsonArray conditions = [];
        foreach (JsonObject other in known.Items("status", "conditions"))
        {
            if (!OwnConditions.Contains(other.Text("type")))
                conditions.Add(other.DeepClone());
        }

        string unready = string.Join(' ', containers.Where(each => !each.IsReady).Select(each => each.Name));
        string why = $"containers with unready status: [{unready}]";
        conditions.Add(Condition(known, "PodScheduled", true));
        conditions.Add(Condition(known, "Initialized", isInitialized, "ContainersNotInitialized"));
        conditions.Add(Condition(known, "ContainersReady", areReady, "ContainersNotReady", why));
        conditions.Add(Condition(
            known, "Ready", areReady && gatesAreOpen, areReady ? "ReadinessGatesNotReady" : "ContainersNotReady", why));
        JsonObject status = new()
        {
            ["phase"] = PhaseOf(initial, containers),
            ["conditions"] = conditions,
            ["hostIP"] = place.HostAddress,
            ["podIP"] = place.Address,
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = place.Address }),
            ["startTime"] = place.StartTime,
            ["containerStatuses"] = new JsonArray([.. containers.Select(ToStatus)]),
        };
        if (initial.Count > 0)
            status["initContainerStatuses"] = new JsonArray([.. initial.Select(ToStatus)]);
        return status;
    }

    private static string PhaseOf(IReadOnlyList<ContainerRunner> initial, IReadOnlyList<ContainerRunner> containers)
    {
        if (initial.Any(each => each.IsOver && each.State is { Name: "terminated", ExitCode: not 0 }))
            return "Failed";
        if (containers.Count > 0 && containers.All(each => each.IsOver && each.State.Name == "terminated"))
            return containers.All(each => each.State.ExitCode == 0) ? "Succeeded" : "Failed";
        return containers.Any(each => each.State.Name == "running" || each.RestartCount > 0
            || each.LastState is not null
            || each.State.Name == "terminated") ? "Running" : "Pending";
    }

    private static JsonObject Condition(
        JsonObject known, string type, bool isTrue, string reason = "", string message = "")
    {
        string status = isTrue ? "True" : "False";
        JsonObject? before = known.Items("status", "conditions").FirstOrDefault(each => each.Text("type") == type);
        string time = before.Text("status") == status
            ? before.Text("lastTransitionTime") ?? ManagedFields.Writer.Now
            : ManagedFields.Writer.Now;
        JsonObject condition = new()
        {
            ["type"] = type,
            ["status"] = status,
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = time,
        };
        if (!isTrue && reason.Length > 0)
        {
            condition["reason"] = reason;
            condition["message"] = message;
        }

        return condition;
    }

    private static JsonObject ToStatus(ContainerRunner runner) => new()
    {
        ["name"] = runner.Name,
        ["image"] = runner.Image,
        ["imageID"] = runner.State.Name == "waiting" && runner.RestartCount == 0 ? "" : "kv-sandbox://" + runner.Image,
        ["containerID"] = runner.ContainerId,
        ["ready"] = runner.IsReady || (runner.IsOver && runner.State is { Name: "terminated", ExitCode: 0 }
            && runner.IsInitial),
        ["started"] = runner.IsStarted,
        ["restartCount"] = runner.RestartCount,
        ["state"] = runner.State.ToJson(),
        ["lastState"] = runner.LastState?.ToJson() ?? [],
    };
}

/// <summary>Where a pod runs, since when.</summary>
internal sealed record PodPlace(string Address, string HostAddress, string StartTime);
