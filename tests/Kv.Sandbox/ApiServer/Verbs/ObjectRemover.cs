using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Deletes objects: at once, or, where something has to be done before, by marking them.</summary>
internal sealed class ObjectRemover(ServerParts parts, ObjectWriter writer)
{
    private const int AttemptsMax = 20;
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    /// <param name="options">DeleteOptions.</param>
    /// <returns>The object if it is still there, else a Status of success.</returns>
    public async Task<JsonObject> DeleteAsync(
        ResourceType type, string space, string name, JsonObject options, bool isDryRun, CancellationToken cancelled)
    {
        string key = type.KeyOf(space, name);
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            StoredObject current = await parts.Store.GetAsync(key, cancelled)
                ?? throw RefusedException.NotFound(type, name);
            RequirePreconditions(type, name, current.Value, options);
            JsonObject next = Mark(type, current.Value, options);
            bool isGone = ObjectMetadata.IsFinished(type, next);
            JsonObject answer = isGone && type.Kind != "Pod"
                ? ToSuccess(type, current.Value)
                : ObjectWriter.ToServed(type, next);
            if (isDryRun || (!isGone && JsonFields.AreSame(current.Value, next)))
                return answer;
            if (await writer.TryStoreAsync(type, key, next, current.Revision, cancelled) is not { } stored)
                continue;
            return isGone ? answer : ObjectWriter.ToServed(type, stored);
        }

        throw RefusedException.Changed(type, name);
    }

    private static void RequirePreconditions(ResourceType type, string name, JsonObject value, JsonObject options)
    {
        foreach ((string field, string shown) in new[] { ("uid", "UID"), ("resourceVersion", "ResourceVersion") })
        {
            string? wanted = options.Text("preconditions", field);
            string? found = value.Text("metadata", field);
            if (wanted is not null && wanted != found)
            {
                throw RefusedException.Conflict(type, name,
                    $"Precondition failed: {shown} in precondition: {wanted}, {shown} in object meta: {found}");
            }
        }
    }

    private static JsonObject Mark(ResourceType type, JsonObject current, JsonObject options)
    {
        JsonObject next = current.Copy();
        JsonObject metadata = next.Ensure("metadata");
        long grace = type.Kind == "Pod" ? GraceOf(current, options) : 0;
        bool isMarked = metadata.Text("deletionTimestamp") is not null;
        if (isMarked)
        {
            // Once begun, the time left can only become shorter.
            if (type.Kind == "Pod" && grace < metadata.Number("deletionGracePeriodSeconds"))
                SetDeadline(metadata, grace);
            return next;
        }

        AddFinalizers(next, options);
        SetDeadline(metadata, grace);
        metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
        if (type.Kind == "Namespace")
            next.Ensure("status")["phase"] = "Terminating";
        return next;
    }

    private static void AddFinalizers(JsonObject next, JsonObject options)
    {
        string? policy = options.Text("propagationPolicy");
        string? finalizer = policy switch
        {
            "Foreground" => Foreground,
            "Orphan" => Orphan,
            _ => options.Flag("orphanDependents") ? Orphan : null,
        };
        if (finalizer is not null)
            Rules.BuiltInRules.AddFinalizer(next, finalizer);
    }

    private static void SetDeadline(JsonObject metadata, long grace)
    {
        metadata["deletionTimestamp"] = TimeConverter.ToText(DateTime.UtcNow.AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
    }

    // Where no process can be running, nobody needs time to end it.
    private static long GraceOf(JsonObject pod, JsonObject options)
    {
        bool isDone = pod.Text("status", "phase") is "Succeeded" or "Failed";
        if (isDone || pod.Text("spec", "nodeName") is not { Length: > 0 })
            return 0;
        return options.Number("gracePeriodSeconds") ?? pod.Number("spec", "terminationGracePeriodSeconds") ?? 30;
    }

    private static JsonObject ToSuccess(ResourceType type, JsonObject value)
    {
        JsonObject details = RefusedException.DetailsOf(type, value.Text("metadata", "name") ?? "");
        details["uid"] = value.Text("metadata", "uid");
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        };
    }
}
