using System.Net;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;
using Microsoft.AspNetCore.Http;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Fetches what a container has printed from the kubelet of its node, whose address the node object
/// tells.</summary>
internal sealed class PodLogs(ServerParts parts) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };

    public async Task SendAsync(ApiCall call)
    {
        StoredObject pod = await parts.Store.GetAsync(call.Key, call.Cancelled)
            ?? throw RefusedException.NotFound(call.Type, call.Name);
        string[] containers =
        [
            .. pod.Value.Items("spec", "containers").Concat(pod.Value.Items("spec", "initContainers"))
                .Select(each => each.Text("name") ?? ""),
        ];
        string container = call.Query("container") is { Length: > 0 } given ? given : containers.FirstOrDefault() ?? "";
        if (!containers.Contains(container))
            throw RefusedException.BadRequest($"container {container} is not valid for pod {call.Name}");
        ResourceType nodes = parts.Types.Find("", "v1", "nodes")!;
        string nodeName = pod.Value.Text("spec", "nodeName") ?? "";
        StoredObject? node = nodeName.Length == 0
            ? null
            : await parts.Store.GetAsync(nodes.KeyOf("", nodeName), call.Cancelled);
        if (node is null || AddressOf(node) is not { } address)
            throw RefusedException.BadRequest($"pod {call.Name} does not have a host assigned");
        string path = $"{call.Namespace}/{call.Name}/{container}";
        var url = new Uri($"http://{address}/containerLogs/{path}{call.Http.Request.QueryString}");
        await CopyAsync(url, call);
    }

    public void Dispose() => _http.Dispose();

    private async Task CopyAsync(Uri url, ApiCall call)
    {
        HttpResponse answer = call.Http.Response;
        try
        {
            using HttpResponseMessage log = await _http.GetAsync(
                url, HttpCompletionOption.ResponseHeadersRead, call.Cancelled);
            if (log.StatusCode != HttpStatusCode.OK)
                throw RefusedException.BadRequest(await log.Content.ReadAsStringAsync(call.Cancelled));
            answer.ContentType = "text/plain";
            await using Stream text = await log.Content.ReadAsStreamAsync(call.Cancelled);
            byte[] part = new byte[16 * 1024];
            int count;
            while ((count = await text.ReadAsync(part, call.Cancelled)) > 0)
            {
                await answer.Body.WriteAsync(part.AsMemory(0, count), call.Cancelled);
                await answer.Body.FlushAsync(call.Cancelled);
            }
        }
        catch (HttpRequestException fault)
        {
            throw new RefusedException(500, "InternalError", $"the kubelet does not answer: {fault.Message}");
        }
    }

    private static string? AddressOf(StoredObject node)
    {
        string? address = node.Value.Items("status", "addresses")
            .FirstOrDefault(each => each.Text("type") == "InternalIP").Text("address");
        long? port = node.Value.Number("status", "daemonEndpoints", "kubeletEndpoint", "Port");
        return address is null || port is null ? null : $"{address}:{port}";
    }
}
