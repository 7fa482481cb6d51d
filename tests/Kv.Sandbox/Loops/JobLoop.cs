using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Runs jobs: makes pods until as many have succeeded as are wanted, too many have failed, or the
/// time is over that they may take.</summary>
internal sealed class JobLoop(SandboxClient client, Mirror jobs, EventWriter events)
{
    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (JsonObject job in jobs.All)
        {
            if (job.Text("metadata", "deletionTimestamp") is null)
                await AdvanceAsync(job, stop);
        }
    }

    private async Task AdvanceAsync(JsonObject job, CancellationToken stop)
    {
        string path = job.To("batch/v1", "jobs");
        bool isFinished = job.Items("status", "conditions").Any(
            each => each.Text("type") is "Complete" or "Failed" && each.Text("status") == "True");
        if (isFinished)
        {
            if (IsOutlived(job))
                await client.DeleteAsync(path, new JsonObject { ["propagationPolicy"] = "Background" }, stop);
            return;
        }

        // The pods are asked for, not looked up: a mirror that is behind would make one too many.
        string uid = job.Text("metadata", "uid") ?? "";
        JsonObject list = await client.GetAsync(ObjectPath.Core("pods", job.Text("metadata", "namespace") ?? ""), stop);
        JsonObject[] own = [.. list.Items("items").Where(pod => IsOf(pod, uid))];
        int succeeded = own.Count(pod => pod.Text("status", "phase") == "Succeeded");
        int failed = own.Count(pod => pod.Text("status", "phase") == "Failed");
        int active = own.Length - succeeded - failed;
        long wanted = job.Number("spec", "completions") ?? 1;
        long parallel = Math.Min(job.Number("spec", "parallelism") ?? 1, wanted - succeeded);
        JsonObject? condition = null;
        if (IsLate(job) && succeeded < wanted)
        {
            foreach (JsonObject pod in own.Where(IsActive))
                await client.DeleteAsync(pod.To("v1", "pods"), [], stop);
            active = 0;
            condition = Condition("Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
        }
        else if (succeeded >= wanted)
        {
            condition = Condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods");
        }
        else if (failed > (job.Number("spec", "backoffLimit") ?? 6))
        {
            condition = Condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        else if (!job.Flag("spec", "suspend") && active < parallel)
        {
            active += await StartAsync(job, stop);
        }

        await WriteStatusAsync(job, path, (active, succeeded, failed), condition, stop);
    }

    private static bool IsActive(JsonObject pod) =>
        pod.Text("status", "phase") is not ("Succeeded" or "Failed");

    /// <summary>Whether it has had as much time as it may have.</summary>
    private static bool IsLate(JsonObject job) =>
        job.Number("spec", "activeDeadlineSeconds") is { } seconds
        && DateTimeOffset.TryParse(
            job.Text("status", "startTime"), CultureInfo.InvariantCulture, out DateTimeOffset start)
        && start.AddSeconds(seconds) <= DateTimeOffset.UtcNow;

    private static bool IsOf(JsonObject pod, string uid) =>
        pod.Items("metadata", "ownerReferences").Any(each => each.Text("uid") == uid);

    private async Task<int> StartAsync(JsonObject job, CancellationToken stop)
    {
        JsonObject pod = job.Map("spec", "template")?.Copy() ?? [];
        JsonObject metadata = pod.Ensure("metadata");
        metadata["generateName"] = job.Text("metadata", "name") + "-";
        metadata["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["name"] = job.Text("metadata", "name"),
            ["uid"] = job.Text("metadata", "uid"),
            ["controller"] = true,
            ["blockOwnerDeletion"] = true,
        });
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        JsonObject made = await client.CreateAsync(
            ObjectPath.Core("pods", job.Text("metadata", "namespace") ?? ""), pod, stop);
        await events.WriteAsync(job, "batch/v1", "Job", "Normal", "SuccessfulCreate",
            $"Created pod: {made.Text("metadata", "name")}", stop);
        return 1;
    }

    private async Task WriteStatusAsync(
        JsonObject job, string path, (int Active, int Succeeded, int Failed) counts, JsonObject? condition,
        CancellationToken stop)
    {
        string now = ApiServer.Patches.ManagedFields.Writer.Now;
        JsonObject status = new()
        {
            ["startTime"] = job.Text("status", "startTime") ?? now,
            ["active"] = counts.Active,
            ["succeeded"] = counts.Succeeded,
            ["failed"] = counts.Failed,
        };
        if (condition is not null)
        {
            status["conditions"] = new JsonArray(condition);
            if (condition.Text("type") == "Complete")
                status["completionTime"] = now;
        }

        bool isSame = condition is null && status.All(pair => JsonFields.AreSame(pair.Value, job.At("status",
            pair.Key)));
        if (!isSame)
            await client.MergeAsync(path + "/status", new JsonObject { ["status"] = status }, stop);
        if (condition is not null)
        {
            bool isComplete = condition.Text("type") == "Complete";
            await events.WriteAsync(job, "batch/v1", "Job", isComplete ? "Normal" : "Warning",
                isComplete ? "Completed" : condition.Text("reason") ?? "",
                condition.Text("message") ?? "", stop);
        }
    }

    private static bool IsOutlived(JsonObject job)
    {
        string? ended = job.Items("status", "conditions").LastOrDefault().Text("lastTransitionTime");
        return job.Number("spec", "ttlSecondsAfterFinished") is { } seconds
            && DateTimeOffset.TryParse(ended, CultureInfo.InvariantCulture, out DateTimeOffset time)
            && time.AddSeconds(seconds) < DateTimeOffset.UtcNow;
    }

    private static JsonObject Condition(string type, string reason, string message) => new()
    {
        ["type"] = type,
        ["status"] = "True",
        ["reason"] = reason,
        ["message"] = message,
        ["lastProbeTime"] = ApiServer.Patches.ManagedFields.Writer.Now,
        ["lastTransitionTime"] = ApiServer.Patches.ManagedFields.Writer.Now,
    };
}
