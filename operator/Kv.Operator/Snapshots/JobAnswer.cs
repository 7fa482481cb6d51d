using System.Text.Json;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Snapshots;

/// <summary>What the pods of a Job have said.</summary>
/// <param name="Revision">Null, as what follows, if none has taken a snapshot.</param>
/// <param name="Trouble">Why it does not get on, or has failed; null if nothing is known to be wrong.</param>
public sealed record JobAnswer(long? Revision, long? Size, string? Sha256, bool IsVerified, string? Trouble)
{
    private static readonly JsonSerializerOptions Form = new() { PropertyNameCaseInsensitive = true };

    public static JobAnswer Of(IEnumerable<V1Pod> pods, V1Job job)
    {
        V1Pod[] own = [.. pods.Where(pod => pod.IsOwnedBy(job)).OrderBy(pod => pod.CreationTimestamp())];
        string? trouble = null;
        foreach (V1Pod pod in own)
        {
            V1ContainerState? state = pod.Status.ContainerStatuses?.FirstOrDefault()?.State;
            Message? message = Read(state?.Terminated?.Message);
            if (message is { Revision: not null, Error: null } && state!.Terminated!.ExitCode == 0)
                return new JobAnswer(message.Revision, message.Size, message.Sha256, message.Verified == true, null);
            trouble = message?.Error ?? TroubleOf(pod, state) ?? trouble;
        }

        return new JobAnswer(null, null, null, false, trouble);
    }

    private static string? TroubleOf(V1Pod pod, V1ContainerState? state)
    {
        if (state?.Terminated is { ExitCode: not 0 } ended)
        {
            return ended.Message is { Length: > 0 } text
                ? text.Trim()
                : $"its process ended with {ended.ExitCode} ({ended.Reason})";
        }

        if (state?.Waiting is { Reason: not (null or "ContainerCreating" or "PodInitializing") } waiting)
            return $"its pod waits: {waiting.Reason} {waiting.Message}".TrimEnd();
        return pod.Status.Conditions?
            .FirstOrDefault(each => each is { Type: "PodScheduled", Status: "False" }) is { } unscheduled
            ? $"its pod cannot be placed: {unscheduled.Message}"
            : null;
    }

    private static Message? Read(string? text)
    {
        try
        {
            return string.IsNullOrEmpty(text) ? null : JsonSerializer.Deserialize<Message>(text, Form);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Message(long? Revision, long? Size, string? Sha256, bool? Verified, string? Error);
}
