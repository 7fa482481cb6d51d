using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.ApiServer.Verbs;
using Kv.Sandbox.Json;
using Microsoft.AspNetCore.Http;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>Does what a request for objects asks, if whoever asks may.</summary>
internal sealed class ResourceCalls : IDisposable
{
    private readonly ServerParts _parts;
    private readonly ObjectReader _reader;
    private readonly ObjectWriter _writer;
    private readonly ObjectPatcher _patcher;
    private readonly ObjectRemover _remover;
    private readonly SubresourceCalls _subresources;
    private readonly AccessReviews _reviews;

    public ResourceCalls(ServerParts parts, ObjectWriter writer)
    {
        _parts = parts;
        _writer = writer;
        _reader = new ObjectReader(parts);
        _patcher = new ObjectPatcher(writer, call => RequireAccessAsync(call, call.Path, "create"));
        _remover = new ObjectRemover(parts, writer);
        _subresources = new SubresourceCalls(parts, writer, _remover);
        _reviews = new AccessReviews(parts);
    }

    public async Task AnswerAsync(HttpContext http, Identity who, ApiPath path)
    {
        ResourceType? type = _parts.Types.Find(path.Group, path.Version, path.Resource);
        if (type is null || (path.Namespace.Length > 0 && !type.IsNamespaced))
            throw RefusedException.NoSuchPath();
        var call = new ApiCall(http, who, type, path);
        await RequireAccessAsync(call, path, call.Verb);
        if (BuiltInTypes.Reviews.Contains(type))
            await AnswerReviewAsync(call);
        else if (path.Subresource is "" or "status")
            await AnswerAsync(call);
        else
            await _subresources.AnswerAsync(call);
    }

    public void Dispose() => _subresources.Dispose();

    private async Task AnswerAsync(ApiCall call)
    {
        if (call.Subresource == "status" && (!call.Type.HasStatus || call.Verb is "create" or "delete"))
            throw RefusedException.NoSuchPath();
        switch (call.Verb)
        {
            case "get":
                await SendObjectAsync(call, await _reader.GetAsync(call), 200);
                break;
            case "list":
                await SendListAsync(call);
                break;
            case "watch":
                await new WatchStream(_parts, _reader, call).RunAsync();
                break;
            case "create" when call.Name.Length == 0:
                await CreateAsync(call);
                break;
            case "update" when call.Name.Length > 0:
                JsonObject wanted = await call.ReadObjectAsync();
                JsonObject updated = await _writer.UpdateAsync(
                    call.Type, call.Namespace, call.Name, _ => wanted.Copy(), WriteOptions.Of(call), call.Cancelled);
                await SendObjectAsync(call, updated, 200);
                break;
            case "patch" when call.Name.Length > 0:
                (JsonObject patched, bool isNew) = await _patcher.PatchAsync(call, WriteOptions.Of(call));
                await SendObjectAsync(call, patched, isNew ? 201 : 200);
                break;
            case "delete":
                await DeleteAsync(call);
                break;
            case "deletecollection":
                await DeleteCollectionAsync(call);
                break;
            default:
                throw RefusedException.MethodNotAllowed();
        }
    }

    private async Task RequireAccessAsync(ApiCall call, ApiPath path, string verb)
    {
        string resource = path.Subresource.Length == 0 ? path.Resource : $"{path.Resource}/{path.Subresource}";
        string name = path.Name;
        if (verb is "list" or "watch" or "deletecollection")
            name = Selectors.Parse("", call.Query("fieldSelector")).Name ?? "";
        bool isNamespaceItself = path is { Group: "", Resource: "namespaces" } && path.Name.Length > 0;
        var question = new AccessQuestion(
            verb, path.Group, resource, isNamespaceItself ? path.Name : path.Namespace, name);
        if (await _parts.Access.IsAllowedAsync(call.Who, question, call.Cancelled))
            return;
        string subject = path.Name.Length == 0
            ? $"{call.Type.QualifiedPlural} is forbidden"
            : $"{call.Type.QualifiedPlural} \"{path.Name}\" is forbidden";
        throw RefusedException.Forbidden(
            $"{subject}: {question.ToText(call.Who)}", RefusedException.DetailsOf(call.Type, path.Name));
    }

    private async Task AnswerReviewAsync(ApiCall call)
    {
        if (call.Verb != "create")
            throw RefusedException.MethodNotAllowed();
        JsonObject answer = await _reviews.AnswerAsync(call, await call.ReadObjectAsync());
        await Answer.SendAsync(call.Http, answer, 201);
    }

    private async Task CreateAsync(ApiCall call)
    {
        JsonObject value = await call.ReadObjectAsync();
        string space = call.Namespace;
        if (call.Type.IsNamespaced && space.Length == 0)
            throw RefusedException.MethodNotAllowed();
        JsonObject created = await _writer.CreateAsync(
            call.Type, space, value, WriteOptions.Of(call), call.Cancelled);
        await SendObjectAsync(call, created, 201);
    }

    private async Task DeleteAsync(ApiCall call)
    {
        JsonObject options = await ReadDeleteOptionsAsync(call);
        JsonObject answer = await _remover.DeleteAsync(
            call.Type, call.Namespace, call.Name, options, IsDryRun(call, options), call.Cancelled);
        await Answer.SendAsync(call.Http, answer, 200);
    }

    private async Task DeleteCollectionAsync(ApiCall call)
    {
        JsonObject options = await ReadDeleteOptionsAsync(call);
        (IReadOnlyList<JsonObject> items, JsonObject metadata) = await _reader.ListAsync(call);
        foreach (JsonObject item in items)
        {
            try
            {
                await _remover.DeleteAsync(
                    call.Type, item.Text("metadata", "namespace") ?? "", item.Text("metadata", "name") ?? "",
                    options, IsDryRun(call, options), call.Cancelled);
            }
            catch (RefusedException fault) when (fault.Code == 404)
            {
                // Somebody else was faster.
            }
        }

        await Answer.SendAsync(call.Http, ToList(call.Type, items, metadata), 200);
    }

    private static bool IsDryRun(ApiCall call, JsonObject options) =>
        call.Query("dryRun") == "All" || options.Texts("dryRun").Contains("All");

    private static async Task<JsonObject> ReadDeleteOptionsAsync(ApiCall call)
    {
        byte[] body = await call.ReadBytesAsync();
        JsonObject options = body.Length == 0 || call.MediaType == ProtobufBodies.MediaType
            ? []
            : ApiCall.ParseObject(body);
        if (call.HasQuery("gracePeriodSeconds"))
            options["gracePeriodSeconds"] = call.Number("gracePeriodSeconds", 0);
        if (call.Query("propagationPolicy") is { Length: > 0 } policy)
            options["propagationPolicy"] = policy;
        if (options.Text("propagationPolicy") is { } given and not ("Background" or "Foreground" or "Orphan"))
        {
            throw RefusedException.BadRequest(
                $"propagationPolicy: Unsupported value: \"{given}\": "
                + "supported values: \"Background\", \"Foreground\", \"Orphan\"");
        }

        return options;
    }

    private async Task SendListAsync(ApiCall call)
    {
        (IReadOnlyList<JsonObject> items, JsonObject metadata) = await _reader.ListAsync(call);
        JsonObject answer = TableForm.Of(call) is { } table
            ? table.ToTable(items, metadata)
            : ToList(call.Type, items, metadata);
        await Answer.SendAsync(call.Http, answer, 200);
    }

    private static Task SendObjectAsync(ApiCall call, JsonObject value, int code)
    {
        JsonObject answer = value;
        if (TableForm.Of(call) is { } table)
        {
            JsonObject metadata = new() { ["resourceVersion"] = value.At("metadata", "resourceVersion")?.DeepClone() };
            answer = table.ToTable([value], metadata);
        }

        return Answer.SendAsync(call.Http, answer, code);
    }

    private static JsonObject ToList(ResourceType type, IReadOnlyList<JsonObject> items, JsonObject metadata) => new()
    {
        ["kind"] = type.Kind + "List",
        ["apiVersion"] = type.ApiVersion,
        ["metadata"] = metadata,
        ["items"] = new JsonArray([.. items]),
    };
}
