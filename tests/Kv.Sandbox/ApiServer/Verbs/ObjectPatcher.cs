using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Patches objects in the four ways there are.</summary>
/// <param name="requireCreation">Refuses who may not create: to apply what is not there is to create it.</param>
internal sealed class ObjectPatcher(ObjectWriter writer, Func<ApiCall, Task> requireCreation)
{
    private const string ApplyType = "application/apply-patch+yaml";

    private static readonly string[] MediaTypes = ["application/json-patch+json", "application/merge-patch+json",
        "application/strategic-merge-patch+json", ApplyType];

    /// <returns>The object, and whether it is new.</returns>
    public async Task<(JsonObject Value, bool IsNew)> PatchAsync(ApiCall call, WriteOptions options)
    {
        byte[] body = await call.ReadBytesAsync();
        if (call.MediaType == ApplyType)
            return await ApplyAsync(call, ApiCall.ParseObject(body), options with { IsApply = true });
        Func<JsonObject, JsonObject> change = ToChange(call.Type, call.MediaType, body);
        JsonObject changed = await writer.UpdateAsync(
            call.Type, call.Namespace, call.Name, change, options, call.Cancelled);
        return (changed, false);
    }

    /// <summary>What a body of a media type does to an object.</summary>
    /// <exception cref="RefusedException">It is no patch.</exception>
    public static Func<JsonObject, JsonObject> ToChange(ResourceType type, string mediaType, byte[] body)
    {
        switch (mediaType)
        {
            case "application/json-patch+json":
                JsonArray operations = ParseList(body);
                return value => JsonPatch.Apply(value, operations);
            case "application/merge-patch+json":
                JsonObject merge = ApiCall.ParseObject(body);
                return value => MergePatch.Apply(value, merge);
            case "application/strategic-merge-patch+json" when type.Schema is null:
                JsonObject strategic = ApiCall.ParseObject(body);
                return value => StrategicPatch.Apply(value, strategic, Shape.Of(type));
            default:
                IEnumerable<string> supported = MediaTypes.Where(
                    each => type.Schema is null || !each.Contains("strategic", StringComparison.Ordinal));
                throw RefusedException.UnsupportedMedia(
                    "the body of the request was in an unknown format - accepted media types include: "
                    + string.Join(", ", supported));
        }
    }

    private async Task<(JsonObject Value, bool IsNew)> ApplyAsync(
        ApiCall call, JsonObject applied, WriteOptions options)
    {
        if (!call.HasQuery("fieldManager"))
        {
            throw RefusedException.BadRequest(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        }

        if (applied.At("metadata", "managedFields") is JsonArray { Count: > 0 })
            throw RefusedException.BadRequest("metadata.managedFields must be nil");
        if (applied.Text("apiVersion") is not { Length: > 0 } || applied.Text("kind") is not { Length: > 0 })
            throw RefusedException.BadRequest("apiVersion and kind must be set in an apply patch");
        ManagedFields.Writer by = options.WriterOf(call.Type);
        applied.Ensure("metadata")["name"] = call.Name;
        if (call.Type.IsNamespaced)
            applied.Ensure("metadata")["namespace"] = call.Namespace;
        try
        {
            return (await writer.UpdateAsync(call.Type, call.Namespace, call.Name, Change, options, call.Cancelled),
                false);
        }
        catch (RefusedException fault) when (fault.Code == 404 && options.Subresource.Length == 0)
        {
            await requireCreation(call);
            JsonObject created = ApplyPatch.Apply(call.Type, live: null, applied, by, options.IsForced);
            JsonObject value = await writer.CreateAsync(
                call.Type, call.Namespace, created, options, call.Cancelled);
            return (value, true);
        }

        JsonObject Change(JsonObject live)
        {
            string? version = applied.Text("metadata", "resourceVersion");
            JsonObject result = ApplyPatch.Apply(call.Type, live, applied, by, options.IsForced);
            if (version is null)
                result.Ensure("metadata")["resourceVersion"] = live.At("metadata", "resourceVersion")?.DeepClone();
            return result;
        }
    }

    private static JsonArray ParseList(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonArray ?? throw new JsonException("a JSON patch is a list");
        }
        catch (JsonException fault)
        {
            throw RefusedException.BadRequest(fault.Message);
        }
    }
}
