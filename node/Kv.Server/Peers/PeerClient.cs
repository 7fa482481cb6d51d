using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Server.Peers.Outbound;
using Kv.Store;
using Leasepb;

namespace Kv.Server.Peers;

/// <summary>Asks other members what <see cref="Inbound.PeerSite"/> answers beside Raft. A member that does not answer,
/// or not in a way that makes sense, is an <see cref="HttpRequestException"/>; what it refuses is a value.</summary>
/// <param name="tls">As <see cref="PeerTransportOptions.Tls"/>.</param>
public sealed class PeerClient(TimeSpan dialTimeout, Func<string, SslClientAuthenticationOptions>? tls) : IDisposable
{
    private const int AnswerBytesMax = 1024 * 1024;

    private readonly HttpMessageInvoker _http = new(PeerHttp.CreateSockets(dialTimeout, tls));

    /// <summary>Puts a question to one URL after another until it is answered; null if it is not.</summary>
    /// <param name="patience">How long to wait at each.</param>
    /// <param name="ask">Its answer may be null too: then the next is asked.</param>
    public static async Task<T?> AskInTurnAsync<T>(
        IEnumerable<string> urls,
        TimeSpan patience,
        Func<Uri, CancellationToken, Task<T?>> ask,
        CancellationToken cancelled)
        where T : struct
    {
        foreach (string text in urls)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url))
                continue;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
            limit.CancelAfter(patience);
            try
            {
                if (await ask(url, limit.Token) is { } answer)
                    return answer;
            }
            catch (Exception fault)
                when (fault is HttpRequestException
                    || (fault is OperationCanceledException && !cancelled.IsCancellationRequested))
            {
                // Not up, or not reachable: the next may answer.
            }
        }

        return null;
    }

    /// <summary>One of a member's versions, asked at its URLs in turn; null if none of them says it.</summary>
    /// <param name="which">Of the server, or of the cluster.</param>
    internal Task<PeerVersion?> AskVersionAsync(
        ClusterMember member, TimeSpan patience, Func<NodeVersions, string> which, CancellationToken cancelled) =>
        AskInTurnAsync<PeerVersion>(
            member.PeerUrls,
            patience,
            async (url, limit) =>
                PeerVersion.TryParse(which(await GetVersionsAsync(url, limit)), out PeerVersion version)
                    ? version
                    : null,
            cancelled);

    /// <summary>The members of a peer's cluster, and its id.</summary>
    public async Task<(ulong ClusterId, IReadOnlyList<ClusterMember> Members)> GetMembersAsync(
        Uri peer, CancellationToken cancelled)
    {
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Get, peer, "/members");
        using HttpResponseMessage response = await SendAsync(request, cancelled);
        byte[] body = await ReadAsync(response, cancelled);
        if (!response.Headers.TryGetValues(PeerHeaders.ClusterId, out IEnumerable<string>? ids)
            || !PeerHeaders.TryParseId(ids.First(), out NodeId cluster))
        {
            throw new HttpRequestException("the peer does not say which cluster it is of");
        }

        return (cluster.Value, ParseMembers(body));
    }

    public async Task<NodeVersions> GetVersionsAsync(Uri peer, CancellationToken cancelled)
    {
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Get, peer, "/version");
        using HttpResponseMessage response = await SendAsync(request, cancelled);
        JsonElement root = ParseObject(await ReadAsync(response, cancelled));
        return new NodeVersions(Text(root, "etcdserver"), Text(root, "etcdcluster"), Text(root, "storage"));
    }

    /// <summary>Whether the peer's cluster is being downgraded.</summary>
    public async Task<bool> IsDowngradeEnabledAsync(Uri peer, CancellationToken cancelled)
    {
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Get, peer, "/downgrade/enabled");
        using HttpResponseMessage response = await SendAsync(request, cancelled);
        return (await ReadAsync(response, cancelled)).AsSpan().Trim((byte)'\n').SequenceEqual("true"u8);
    }

    /// <summary>The hash of the peer's keys at a revision; refused if it does not have that revision.</summary>
    public async Task<PeerAnswer<PeerHash>> GetHashAsync(
        Uri peer, ulong clusterId, long revision, CancellationToken cancelled)
    {
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Get, peer, "/members/hashkv");
        request.Headers.TryAddWithoutValidation(PeerHeaders.ClusterId, PeerHeaders.ToText(clusterId));
        request.Content = new ByteArrayContent(
            Encoding.UTF8.GetBytes(new JsonObject { ["revision"] = revision }.ToJsonString()));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await _http.SendAsync(request, cancelled);
        if (response.StatusCode != HttpStatusCode.OK)
            return await RefusalAsync<PeerHash>(response, cancelled);
        JsonElement root = ParseObject(await ReadAsync(response, cancelled));
        long current = root.TryGetProperty("header", out JsonElement header) ? Number(header, "revision") : 0;
        return PeerAnswer.Of(new PeerHash(
            current, (uint)Number(root, "hash"), Number(root, "compact_revision"), Number(root, "hash_revision")));
    }

    /// <summary>Renews a lease at the leader; the time to live in seconds.</summary>
    public async Task<PeerAnswer<long>> KeepAliveAsync(Uri leader, long lease, CancellationToken cancelled)
    {
        (byte[]? body, PeerAnswer<long> refusal) = await PostAsync<long>(
            leader, "/leases", new LeaseKeepAliveRequest { ID = lease }, cancelled);
        return body is null ? refusal : PeerAnswer.Of(Parse(body, LeaseKeepAliveResponse.Parser).TTL);
    }

    public async Task<PeerAnswer<LeaseTimeToLiveResponse>> TimeToLiveAsync(
        Uri leader, LeaseTimeToLiveRequest asked, CancellationToken cancelled)
    {
        (byte[]? body, PeerAnswer<LeaseTimeToLiveResponse> refusal) = await PostAsync<LeaseTimeToLiveResponse>(
            leader, "/leases/internal", new LeaseInternalRequest { LeaseTimeToLiveRequest = asked }, cancelled);
        if (body is null)
            return refusal;
        return Parse(body, LeaseInternalResponse.Parser).LeaseTimeToLiveResponse is { } life
            ? PeerAnswer.Of(life)
            : throw new HttpRequestException("the peer's answer about a lease is empty");
    }

    /// <summary>Lets the leader make a learner a voter.</summary>
    public async Task<PeerAnswer<IReadOnlyList<ClusterMember>>> PromoteAsync(
        Uri leader, ulong id, string token, CancellationToken cancelled)
    {
        string path = "/members/promote/" + id.ToString(CultureInfo.InvariantCulture);
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Post, leader, path);
        if (token.Length > 0)
            request.Headers.TryAddWithoutValidation("Authorization", token);
        using HttpResponseMessage response = await _http.SendAsync(request, cancelled);
        return response.StatusCode == HttpStatusCode.OK
            ? PeerAnswer.Of(ParseMembers(await ReadAsync(response, cancelled)))
            : await RefusalAsync<IReadOnlyList<ClusterMember>>(response, cancelled);
    }

    public void Dispose() => _http.Dispose();

    private async Task<(byte[]? Body, PeerAnswer<T> Refusal)> PostAsync<T>(
        Uri peer, string path, IMessage message, CancellationToken cancelled)
    {
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Post, peer, path);
        request.Content = new ByteArrayContent(message.ToByteArray());
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/protobuf");
        using HttpResponseMessage response = await _http.SendAsync(request, cancelled);
        return response.StatusCode == HttpStatusCode.OK
            ? (await ReadAsync(response, cancelled), default)
            : (null, await RefusalAsync<T>(response, cancelled));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancelled)
    {
        HttpResponseMessage response = await _http.SendAsync(request, cancelled);
        if (response.StatusCode == HttpStatusCode.OK)
            return response;
        using (response)
            throw new HttpRequestException($"the peer answers {(int)response.StatusCode}");
    }

    private static async Task<PeerAnswer<T>> RefusalAsync<T>(
        HttpResponseMessage response, CancellationToken cancelled)
    {
        string error = await PeerAnswers.ReadErrorAsync(response, cancelled);
        return PeerAnswer.Refuse<T>(
            (int)response.StatusCode, error.Length > 0 ? error : response.StatusCode.ToString());
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancelled)
    {
        byte[] buffer = new byte[AnswerBytesMax];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancelled);
        int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancelled);
        return length < buffer.Length
            ? buffer[..length]
            : throw new HttpRequestException("the peer's answer is too long");
    }

    private static IReadOnlyList<ClusterMember> ParseMembers(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return
            [
                .. document.RootElement.EnumerateArray()
                    .Select(each => MemberJson.Decode(JsonMarshal.GetRawUtf8Value(each), out _)),
            ];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new HttpRequestException("the peer's list of members makes no sense", fault);
        }
    }

    private static JsonElement ParseObject(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new HttpRequestException("the peer's answer is no object");
        }
        catch (JsonException fault)
        {
            throw new HttpRequestException("the peer's answer makes no sense", fault);
        }
    }

    private static T Parse<T>(byte[] body, MessageParser<T> parser)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw new HttpRequestException("the peer's answer makes no sense", fault);
        }
    }

    private static string Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static long Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out long number)
            ? number
            : 0;
}
