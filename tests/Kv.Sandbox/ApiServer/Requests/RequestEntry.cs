using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Grpc.Core;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Verbs;
using Microsoft.AspNetCore.Http;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>Where every request comes in: finds out who asks and what for, and turns refusals into Status
/// objects.</summary>
internal sealed class RequestEntry(ServerParts parts, ResourceCalls resources, string address)
{
    private const string AggregatedForm = "as=APIGroupDiscoveryList";

    [SuppressMessage("Design", "CA1031", Justification = "The top of a call: whatever it throws is its answer.")]
    public async Task AnswerAsync(HttpContext http)
    {
        try
        {
            Identity who = Authenticate(http);
            if (ApiPath.TryParse(http.Request.Path.Value ?? "", out ApiPath? path))
                await resources.AnswerAsync(http, who, path);
            else
                await AnswerPlainAsync(http, who);
        }
        catch (RefusedException fault) when (!http.Response.HasStarted)
        {
            await Answer.RefuseAsync(http, fault);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested || http.Response.HasStarted)
        {
            http.Abort();
        }
        catch (RpcException fault)
        {
            await Answer.RefuseAsync(http, new RefusedException(
                503, "ServiceUnavailable", $"the store does not answer: {fault.Status.Detail}"));
        }
        catch (Exception fault)
        {
            await Answer.RefuseAsync(http, new RefusedException(500, "InternalError", fault.ToString()));
        }
    }

    private Identity Authenticate(HttpContext http)
    {
        const string Scheme = "Bearer ";
        string header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
            return Identity.Anonymous;
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            throw RefusedException.Unauthorized();
        return parts.Tokens.Find(header[Scheme.Length..].Trim()) ?? throw RefusedException.Unauthorized();
    }

    private async Task AnswerPlainAsync(HttpContext http, Identity who)
    {
        string path = (http.Request.Path.Value ?? "").TrimEnd('/');
        var question = new AccessQuestion(
            http.Request.Method.ToLowerInvariant(), "", "", "", "", path.Length == 0 ? "/" : path);
        if (!await parts.Access.IsAllowedAsync(who, question, http.RequestAborted))
            throw RefusedException.Forbidden($"forbidden: {question.ToText(who)}");
        if (http.Request.Method is not ("GET" or "HEAD"))
            throw RefusedException.MethodNotAllowed();
        string[] steps = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (steps)
        {
            case ["healthz" or "livez" or "readyz", ..]:
                await parts.Store.GetRevisionAsync(http.RequestAborted);
                await http.Response.WriteAsync("ok", http.RequestAborted);
                break;
            case ["version"]:
                await Answer.SendAsync(http, Version(), 200);
                break;
            case ["api" or "apis"]:
                await SendGroupsAsync(http, isCore: steps[0] == "api");
                break;
            case ["openapi", "v3"]:
                await Answer.SendAsync(http, OpenApi.Index(parts.Types), 200);
                break;
            case ["openapi", "v3", ..]:
                await Answer.SendAsync(http, OrNotFound(
                    OpenApi.Document(parts.Types, string.Join('/', steps[2..]))), 200);
                break;
            case ["api", var version]:
                await Answer.SendAsync(http, OrNotFound(Discovery.Resources(parts.Types, "", version)), 200);
                break;
            case ["apis", var group]:
                await Answer.SendAsync(http, OrNotFound(Discovery.Group(parts.Types, group)), 200);
                break;
            case ["apis", var group, var version]:
                await Answer.SendAsync(http, OrNotFound(Discovery.Resources(parts.Types, group, version)), 200);
                break;
            default:
                throw RefusedException.NoSuchPath();
        }
    }

    private Task SendGroupsAsync(HttpContext http, bool isCore)
    {
        string? form = http.Request.Headers.Accept.ToString().Split(',').FirstOrDefault(
            each => each.Contains(AggregatedForm, StringComparison.Ordinal));
        if (form is null)
        {
            return Answer.SendAsync(http, isCore ? Discovery.CoreVersions(address) : Discovery.Groups(parts.Types),
                200);
        }

        string version = form.Contains("v=v2beta1", StringComparison.Ordinal) ? "v2beta1" : "v2";
        return Answer.SendAsync(http, Discovery.Aggregated(parts.Types, isCore, version), 200,
            $"application/json;g=apidiscovery.k8s.io;v={version};{AggregatedForm}");
    }

    private static JsonObject OrNotFound(JsonObject? body) => body ?? throw RefusedException.NoSuchPath();

    private static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = "v1.32.0+kv-sandbox",
        ["platform"] = "linux/amd64",
    };
}
