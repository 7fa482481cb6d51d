using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Client;

/// <summary>A client of any Kubernetes API server that knows nothing of kinds: paths and JSON. What the sandbox runs
/// beside its API server goes through it.</summary>
internal sealed class SandboxClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="authorityPem">The only authority that is trusted.</param>
    public SandboxClient(Uri server, string authorityPem, string token)
    {
        var authority = X509Certificate2.CreateFromPem(authorityPem);
        var sockets = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false };
        sockets.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { authority },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        _http = new HttpClient(sockets)
        {
            BaseAddress = server,
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("kv-sandbox/1.0");
    }

    /// <summary>Null if it is not there.</summary>
    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public async Task<JsonObject?> FindAsync(string path, CancellationToken cancelled = default)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, body: null, cancelled: cancelled);
        }
        catch (ApiFaultException fault) when (fault.Code == 404)
        {
            return null;
        }
    }

    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public Task<JsonObject> GetAsync(string path, CancellationToken cancelled = default) =>
        SendAsync(HttpMethod.Get, path, body: null, cancelled: cancelled);

    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public Task<JsonObject> CreateAsync(string path, JsonObject value, CancellationToken cancelled = default) =>
        SendAsync(HttpMethod.Post, path, value, cancelled: cancelled);

    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public Task<JsonObject> ReplaceAsync(string path, JsonObject value, CancellationToken cancelled = default) =>
        SendAsync(HttpMethod.Put, path, value, cancelled: cancelled);

    /// <summary>Merges fields into an object.</summary>
    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public Task<JsonObject> MergeAsync(string path, JsonNode patch, CancellationToken cancelled = default) =>
        SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancelled);

    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public Task<JsonObject> DeleteAsync(
        string path, JsonObject? options = null, CancellationToken cancelled = default) =>
        SendAsync(HttpMethod.Delete, path, options, cancelled: cancelled);

    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public async Task<JsonObject> SendAsync(
        HttpMethod method,
        string path,
        JsonNode? body,
        string mediaType = "application/json",
        CancellationToken cancelled = default)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body.ToUtf8());
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request, cancelled);
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync(cancelled);
        if (answer.IsSuccessStatusCode)
            return JsonFields.ParseObject(bytes);
        throw ToFault((int)answer.StatusCode, bytes);
    }

    /// <summary>Any answer, whatever its code and form.</summary>
    public async Task<string> GetTextAsync(string path, CancellationToken cancelled = default)
    {
        using HttpResponseMessage answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancelled);
        return await answer.Content.ReadAsStringAsync(cancelled);
    }

    /// <summary>The lines of a watch, until it ends.</summary>
    /// <exception cref="ApiFaultException">The server refuses.</exception>
    public async IAsyncEnumerable<JsonObject> WatchAsync(
        string path, [EnumeratorCancellation] CancellationToken cancelled)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        using HttpResponseMessage answer = await _http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancelled);
        if (!answer.IsSuccessStatusCode)
            throw ToFault((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancelled));
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancelled), Encoding.UTF8);
        while (await lines.ReadLineAsync(cancelled) is { } line)
        {
            if (line.Length > 0)
                yield return JsonFields.ParseObject(line);
        }
    }

    public void Dispose() => _http.Dispose();

    private static ApiFaultException ToFault(int code, byte[] body)
    {
        try
        {
            return new ApiFaultException(code, JsonFields.ParseObject(body));
        }
        catch (System.Text.Json.JsonException)
        {
            return new ApiFaultException(code, new JsonObject { ["message"] = Encoding.UTF8.GetString(body) });
        }
    }
}
