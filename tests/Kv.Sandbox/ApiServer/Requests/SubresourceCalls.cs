using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Verbs;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>The subresources that are not parts of the object itself.</summary>
internal sealed class SubresourceCalls(ServerParts parts, ObjectWriter writer, ObjectRemover remover) : IDisposable
{
    private const long TokenSecondsByDefault = 3600;
    private const long TokenSecondsMin = 600;

    private readonly Eviction _eviction = new(parts, writer, remover);
    private readonly PodLogs _logs = new(parts);

    public async Task AnswerAsync(ApiCall call)
    {
        bool isCore = call.Type.Group.Length == 0;
        switch (call.Type.Plural, call.Subresource, call.Verb)
        {
            case (_, "scale", "get" or "update" or "patch") when call.Type.Scale is not null:
                await AnswerScaleAsync(call);
                break;
            case ("pods", "log", "get") when isCore:
                await _logs.SendAsync(call);
                break;
            case ("pods", "eviction", "create") when isCore:
                await Answer.SendAsync(call.Http, await _eviction.EvictAsync(call, await call.ReadObjectAsync()), 201);
                break;
            case ("pods", "binding", "create") when isCore:
                await BindAsync(call);
                break;
            case ("serviceaccounts", "token", "create") when isCore:
                await IssueTokenAsync(call);
                break;
            case ("namespaces", "finalize", "update") when isCore:
                await FinalizeAsync(call);
                break;
            default:
                throw RefusedException.NoSuchPath();
        }
    }

    public void Dispose() => _logs.Dispose();

    private async Task AnswerScaleAsync(ApiCall call)
    {
        if (call.Verb == "get")
        {
            StoredObject found = await parts.Store.GetAsync(call.Key, call.Cancelled)
                ?? throw RefusedException.NotFound(call.Type, call.Name);
            await Answer.SendAsync(call.Http, ScaleForm.Of(call.Type, found.Value), 200);
            return;
        }

        byte[] body = await call.ReadBytesAsync();
        Func<JsonObject, JsonObject> change = call.Verb == "update"
            ? _ => ApiCall.ParseObject(body)
            : ObjectPatcher.ToChange(call.Type, call.MediaType, body);
        JsonObject changed = await writer.UpdateAsync(
            call.Type, call.Namespace, call.Name, value => ScaleForm.Change(call.Type, value, change),
            WriteOptions.Of(call), call.Cancelled);
        await Answer.SendAsync(call.Http, ScaleForm.Of(call.Type, changed), 200);
    }

    private async Task BindAsync(ApiCall call)
    {
        JsonObject binding = await call.ReadObjectAsync();
        string node = binding.Text("target", "name") ?? "";
        string key = call.Key;
        StoredObject pod = await parts.Store.GetAsync(key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        if (pod.Value.Text("spec", "nodeName") is { Length: > 0 } before)
        {
            throw RefusedException.Conflict(call.Type, call.Name,
                $"pod {call.Name} is already assigned to node \"{before}\"");
        }

        JsonObject bound = pod.Value.Copy();
        bound.Ensure("spec")["nodeName"] = node;
        bound.Ensure("status")["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = Patches.ManagedFields.Writer.Now,
        });
        if (await parts.Store.TryPutAsync(key, bound, pod.Revision, call.Cancelled) is null)
            throw RefusedException.Changed(call.Type, call.Name);
        await Answer.SendAsync(call.Http, Success(), 201);
    }

    private async Task IssueTokenAsync(ApiCall call)
    {
        StoredObject account = await parts.Store.GetAsync(call.Key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        JsonObject request = await call.ReadObjectAsync();
        long seconds = Math.Max(
            TokenSecondsMin, request.Number("spec", "expirationSeconds") ?? TokenSecondsByDefault);
        string token = parts.Tokens.Issue(
            call.Namespace, call.Name, account.Value.Text("metadata", "uid") ?? "", TimeSpan.FromSeconds(seconds),
            out DateTimeOffset expires);
        request["kind"] = "TokenRequest";
        request["apiVersion"] = "authentication.k8s.io/v1";
        request["status"] = new JsonObject
        {
            ["token"] = token,
            ["expirationTimestamp"] = TimeConverter.ToText(expires.UtcDateTime),
        };
        await Answer.SendAsync(call.Http, request, 201);
    }

    private async Task FinalizeAsync(ApiCall call)
    {
        JsonObject wanted = await call.ReadObjectAsync();
        StoredObject current = await parts.Store.GetAsync(call.Key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        JsonObject next = current.Value.Copy();
        next.Ensure("spec")["finalizers"] = wanted.At("spec", "finalizers")?.DeepClone();
        if (await writer.TryStoreAsync(call.Type, call.Key, next, current.Revision, call.Cancelled) is null)
            throw RefusedException.Changed(call.Type, call.Name);
        await Answer.SendAsync(call.Http, next, 200);
    }

    private static JsonObject Success() => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = 201,
    };
}
