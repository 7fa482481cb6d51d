using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;
using Kv.Store;

namespace Kv.Node.Tests.Peers;

/// <summary>Requests that were made to a member of a real cluster, made to ours.</summary>
public sealed partial class PeerSiteTests : IAsyncLifetime
{
    private const int KeepAliveAtFollower = 59;
    private const int MessageFromRemoved = 35;

    private static readonly JsonElement[] Lines =
        [.. RecordedPeer.Lines("peer-direct-3.7.1.jsonl").Select(line => JsonDocument.Parse(line).RootElement)];

    private static readonly ulong Cluster = ulong.Parse(
        Lines[0].GetProperty("cluster_id").GetString()!, CultureInfo.InvariantCulture);

    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private readonly PeerNode _node = new(Id("m1"), options => options with { RedialInterval = TimeSpan.FromHours(1) })
    {
        ClusterId = Cluster,
        Members = RecordedMembers(),
    };

    public static TheoryData<int> Requests => [.. Enumerable.Range(0, Lines.Length - 1)];

    public async ValueTask InitializeAsync()
    {
        _node.Removed[new NodeId(Id("m4"))] = true;
        foreach (string name in new[] { "m2", "m3" })
            _node.Transport.AddPeer(new NodeId(Id(name)), ["http://127.0.0.1:1"]);
        _node.Hash = revision => revision switch
        {
            20 => PeerAnswer.Of(new PeerHash(206, 2409974617, 5, 20)),
            < 20 => PeerAnswer.Refuse<PeerHash>(400, "mvcc: required revision has been compacted"),
            _ => PeerAnswer.Refuse<PeerHash>(400, "mvcc: required revision is a future revision"),
        };
        _node.KeepAlive = _ => PeerAnswer.Refuse<long>(404, "lease not found");
        _node.Promote = (id, _) => id.Value == Id("m3")
            ? PeerAnswer.Refuse<IReadOnlyList<ClusterMember>>(412, "membership: can only promote a learner member")
            : PeerAnswer.Refuse<IReadOnlyList<ClusterMember>>(404, "membership: ID not found");
        await _node.ListenAsync();
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_request_is_answered_as_etcd_did(int number)
    {
        JsonElement line = Lines[number + 1];
        if (number == KeepAliveAtFollower)
            _node.KeepAlive = _ => PeerAnswer.Refuse<long>(400, "not a primary lessor");
        using HttpRequestMessage request = Request(line, number);

        if (line.GetProperty("status").ValueKind == JsonValueKind.Null)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(request));
            return;
        }

        using HttpResponseMessage response = await SendAsync(request);
        Assert.Equal(line.GetProperty("status").GetInt32(), (int)response.StatusCode);
        if (IsBrokenOff(line))
        {
            await AssertBrokenOffAsync(response, line);
            return;
        }

        bool hasTime = line.GetProperty("path").GetString() == "/raft/probing"; // of which the length varies
        Assert.Equal(Headers(line.GetProperty("resp_headers"), hasTime), Headers(response, hasTime));
        if (response.Headers.TransferEncodingChunked != true) // that one is a stream, and has no end
        {
            string body = await response.Content.ReadAsStringAsync();
            Assert.Equal(Now().Replace(line.GetProperty("resp").GetString()!, "?"), Now().Replace(body, "?"));
        }
    }

    /// <summary>These carried a lease of 100 s, so the recording shows how the messages look.</summary>
    [Theory]
    [InlineData("/leases", "0807", "10071864")]
    [InlineData("/leases/internal", "0A0208071001", "0A080A00100718632064")]
    public async Task Leases_are_told_of_in_etcds_bytes(string path, string question, string answer)
    {
        _node.KeepAlive = _ => PeerAnswer.Of(100L);
        using var content = new ByteArrayContent(Convert.FromHexString(question));

        using HttpResponseMessage response = await Client.PostAsync(_node.Url + path, content);

        Assert.Equal("application/protobuf", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(answer, Convert.ToHexString(await response.Content.ReadAsByteArrayAsync()));
    }

    [Fact]
    public async Task A_promotion_carries_the_clients_token_and_answers_with_the_members()
    {
        string seen = "";
        _node.Promote = (id, token) =>
        {
            seen = $"{id.Value} {token}";
            return PeerAnswer.Of(_node.Members);
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, _node.Url + "/members/promote/77");
        request.Headers.TryAddWithoutValidation("Authorization", "abc.7");

        using HttpResponseMessage response = await SendAsync(request);

        Assert.Equal("77 abc.7", seen);
        Assert.Equal(Lines[1].GetProperty("resp").GetString(), await response.Content.ReadAsStringAsync());
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
    }

    /// <summary>What can be said on a connection and is not HTTP, or is not finished, ends that connection.</summary>
    [Theory]
    [InlineData("\0\u0001\u0002garbage\r\n\r\n")]
    [InlineData("GET /raft/stream/msgapp/1 HTTP/9.9\r\n\r\n")]
    [InlineData("POST /raft HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("POST /raft HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public async Task Garbage_ends_the_connection_and_nothing_else(string text)
    {
        using PeerDialer dialer = await PeerDialer.ConnectAsync(_node);
        await dialer.SendAsync(text);
        dialer.Stream.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        string answer = await dialer.ReadToEndAsync();

        // Refused if the answer was written before the end of the connection was seen: "400", and "505" of a version.
        Assert.Matches("^$|^HTTP/1.1 (4|505 )", answer);
        using HttpResponseMessage next = await Client.GetAsync(_node.Url + "/version");
        Assert.Equal(200, (int)next.StatusCode);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) =>
        Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(PeerNode.Patience);

    private static async Task AssertBrokenOffAsync(HttpResponseMessage response, JsonElement line)
    {
        Assert.True(response.Headers.TransferEncodingChunked);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] text = new byte[line.GetProperty("resp").GetString()!.Length];
        await body.ReadExactlyAsync(text);
        Assert.Equal(line.GetProperty("resp").GetString(), Encoding.UTF8.GetString(text));
        await Assert.ThrowsAnyAsync<IOException>(async () => await body.ReadExactlyAsync(new byte[1]));
    }

    private HttpRequestMessage Request(JsonElement line, int number)
    {
        var request = new HttpRequestMessage(
            new HttpMethod(line.GetProperty("method").GetString()!), _node.Url + line.GetProperty("path").GetString());
        byte[] body = Body(line, number);
        if (body.Length > 0 || request.Method == HttpMethod.Post)
            request.Content = new ByteArrayContent(body);
        foreach (JsonProperty header in line.GetProperty("headers").EnumerateObject())
            request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
        return request;
    }

    private static byte[] Body(JsonElement line, int number)
    {
        if (line.TryGetProperty("body_repeat", out JsonElement repeat))
            return Encoding.Latin1.GetBytes(new string(repeat[0].GetString()![0], repeat[1].GetInt32()));
        if (line.TryGetProperty("body", out JsonElement body))
            return Encoding.Latin1.GetBytes(body.GetString()!);
        if (!IsBrokenOff(line))
            return [];

        // These were not kept: a message for another member, and one from a member that was removed.
        ulong to = number == MessageFromRemoved ? Id("m1") : 99;
        ulong from = number == MessageFromRemoved ? Id("m4") : Id("m3");
        return WireBytes.Encode(
            new Message { Type = MessageType.Heartbeat, To = new NodeId(to), From = new NodeId(from), Term = 1 },
            MessageStyle.Etcd37);
    }

    private static bool IsBrokenOff(JsonElement line) =>
        line.TryGetProperty("note", out JsonElement note) && note.GetString()!.Contains("chunked");

    private static string[] Headers(JsonElement headers, bool hasTime) =>
        Comparable(headers.EnumerateObject().Select(each => $"{each.Name}: {each.Value}"), hasTime);

    private static string[] Headers(HttpResponseMessage response, bool hasTime) => Comparable(
        response.Headers.Concat(response.Content.Headers)
            .Select(each => $"{each.Key}: {string.Join(", ", each.Value)}")
            .Where(text => text != "Content-Length: 0"), // the client says so of itself where there is no body
        hasTime);

    private static string[] Comparable(IEnumerable<string> headers, bool hasTime) =>
    [
        .. headers.Where(text => !text.StartsWith("Date: ", StringComparison.Ordinal))
            .Where(text => !hasTime || !text.StartsWith("Content-Length: ", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private static ClusterMember[] RecordedMembers()
    {
        using var document = JsonDocument.Parse(Lines[1].GetProperty("resp").GetString()!);
        return
        [
            .. document.RootElement.EnumerateArray()
                .Select(each => MemberJson.Decode(Encoding.UTF8.GetBytes(each.GetRawText()), out _)).Reverse(),
        ];
    }

    private static ulong Id(string name) =>
        Lines[0].GetProperty("members").GetProperty(name).GetProperty("id").GetUInt64();

    [GeneratedRegex("(?<=\"Now\":\")[0-9-]+T[0-9:.]+Z")]
    private static partial Regex Now();
}
