using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Gateway;

/// <summary>The gateway by WebSocket: a text for each request, and one for each answer. Where etcd can do the same, it
/// must.</summary>
public sealed class WebSocketTests
{
    private const string Create = """{"create_request":{"key":"YQ==","watch_id":"7"}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_watch_is_asked_for_more_while_it_answers(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using ClientWebSocket socket = await OpenAsync(node, "/v3/watch");
        await SendAsync(socket, Create);
        Assert.Equal("true", (await NextAsync(socket))["result"]!["created"]!.ToString());

        await PutAsync(node);
        JsonNode told = await NextAsync(socket);
        Assert.Equal("MQ==", told["result"]!["events"]![0]!["kv"]!["value"]!.ToString());

        await SendAsync(socket, """{"cancel_request":{"watch_id":"7"}}""");
        Assert.Equal("true", (await NextAsync(socket))["result"]!["canceled"]!.ToString());
        socket.Abort();
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_lease_is_kept_alive(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using var http = new HttpClient();
        using HttpResponseMessage granted = await http.PostAsync(
            new Uri(node.Url, "/v3/lease/grant"), new StringContent("""{"TTL":"60","ID":"5"}"""));
        Assert.True(granted.IsSuccessStatusCode);
        using ClientWebSocket socket = await OpenAsync(node, "/v3/lease/keepalive");
        for (int time = 0; time < 3; time++)
        {
            await SendAsync(socket, """{"ID":"5"}""");
            Assert.Equal("60", (await NextAsync(socket))["result"]!["TTL"]!.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_text_in_pieces_is_one_request(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using ClientWebSocket socket = await OpenAsync(node, "/v3/watch");
        byte[] text = Encoding.UTF8.GetBytes(Create);
        await socket.SendAsync(text.AsMemory(0, 10), WebSocketMessageType.Text, endOfMessage: false, default);
        await socket.SendAsync(text.AsMemory(10), WebSocketMessageType.Text, endOfMessage: true, default);
        Assert.Equal("7", (await NextAsync(socket))["result"]!["watch_id"]!.ToString());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Who_says_bearer_is_answered_so(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using ClientWebSocket socket = await OpenAsync(node, "/v3/watch", "Bearer", "token");
        Assert.Equal("Bearer", socket.SubProtocol);
        await SendAsync(socket, Create);
        Assert.Equal("true", (await NextAsync(socket))["result"]!["created"]!.ToString());
    }

    [Fact]
    public async Task A_call_of_one_answer_gets_it_and_the_end()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        await PutAsync(node);
        using ClientWebSocket socket = await OpenAsync(node, "/v3/kv/range");
        await SendAsync(socket, """{"key":"YQ=="}""");
        Assert.Equal("MQ==", (await NextAsync(socket))["kvs"]![0]!["value"]!.ToString());
        await MustEndAsync(socket);
    }

    [Fact]
    public async Task A_text_that_is_no_request_ends_the_call_with_the_reason()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        using ClientWebSocket socket = await OpenAsync(node, "/v3/watch");
        await SendAsync(socket, "nonsense");
        Assert.Equal("3", (await NextAsync(socket))["error"]!["code"]!.ToString());
        await MustEndAsync(socket);
    }

    private static async Task<ClientWebSocket> OpenAsync(NodeProcess node, string path, params string[] protocols)
    {
        var socket = new ClientWebSocket();
        foreach (string protocol in protocols)
            socket.Options.AddSubProtocol(protocol);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new Uri($"ws://{node.Endpoint}{path}"), patience.Token);
        return socket;
    }

    private static async Task PutAsync(NodeProcess node)
    {
        using var http = new HttpClient();
        using var content = new StringContent("""{"key":"YQ==","value":"MQ=="}""");
        using HttpResponseMessage answer = await http.PostAsync(new Uri(node.Url, "/v3/kv/put"), content);
        Assert.True(answer.IsSuccessStatusCode);
    }

    private static async Task SendAsync(ClientWebSocket socket, string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        await socket.SendAsync(
            Encoding.UTF8.GetBytes(text).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
    }

    private static async Task<JsonNode> NextAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
            Assert.Equal(WebSocketMessageType.Text, received.MessageType);
            length += received.Count;
        }
        while (!received.EndOfMessage);
        return JsonNode.Parse(buffer.AsSpan(0, length))!;
    }

    private static async Task MustEndAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        ValueWebSocketReceiveResult received = await socket.ReceiveAsync(new byte[100].AsMemory(), patience.Token);
        Assert.Equal(WebSocketMessageType.Close, received.MessageType);
    }
}
