using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Tls;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Gateway;

/// <summary>The JSON gateway, beyond what was recorded of it: calls that go on, who may call, over what. Where etcd can
/// do the same, it must.</summary>
public sealed class GatewayTests
{
    private const string Put = """{"key":"YQ==","value":"MQ=="}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_watch_tells_of_each_change_in_a_line(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using var client = new HttpClient();
        using HttpResponseMessage watch = await client.SendAsync(
            Post(node.Url, "/v3/watch", """{"create_request":{"key":"YQ=="}}"""),
            HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync());

        Assert.Equal("true", (await NextAsync(lines))["created"]!.ToString());
        await SendAsync(client, node.Url, "/v3/kv/put", Put);
        JsonNode told = await NextAsync(lines);
        await SendAsync(client, node.Url, "/v3/kv/deleterange", Put);
        JsonNode end = await NextAsync(lines);

        Assert.Equal("MQ==", told["events"]![0]!["kv"]!["value"]!.ToString());
        Assert.Null(told["events"]![0]!["type"]);
        Assert.Equal("DELETE", end["events"]![0]!["type"]!.ToString());
        Assert.Equal("application/json", watch.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task A_watch_over_HTTP_2_takes_more_requests_while_it_answers()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        using var client = new HttpClient();
        using var content = new OpenContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node.Url, "/v3/watch"))
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Task<HttpResponseMessage> sending = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await content.WriteAsync("""{"createRequest":{"key":"YQ==","""u8.ToArray());
        await content.WriteAsync(""" "watch_id":"7"}}"""u8.ToArray());
        using HttpResponseMessage watch = await sending.WaitAsync(Patience);
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync());
        Assert.Equal("7", (await NextAsync(lines))["watch_id"]!.ToString());

        await content.WriteAsync("""{"cancel_request":{"watch_id":7}}"""u8.ToArray());
        Assert.Equal("true", (await NextAsync(lines))["canceled"]!.ToString());

        await content.WriteAsync("{]"u8.ToArray());
        JsonNode error = JsonNode.Parse((await lines.ReadLineAsync().WaitAsync(Patience))!)!["error"]!;
        Assert.Equal("3", error["code"]!.ToString());
        Assert.Null(await lines.ReadLineAsync().WaitAsync(Patience));
        content.Close();
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Pages_and_hosts_of_strangers_are_kept_out(NodeProgram program)
    {
        using var folder = new TempDirectory();
        NodeSettings settings = new(folder["m1"]);
        string host = settings.ClientAddress.Split(':')[0];
        await using NodeProcess node = await NodeProcess.StartAsync(
            program, settings with { Extra = ["--cors", "http://a:1", "--host-whitelist", host] });
        using var client = new HttpClient();

        HttpRequestMessage friend = Post(node.Url, "/v3/kv/put", Put);
        friend.Headers.Add("Origin", "http://a:1");
        HttpRequestMessage stranger = Post(node.Url, "/v3/kv/put", Put);
        stranger.Headers.Add("Origin", "http://b:1");
        HttpRequestMessage rebound = Post(node.Url, "/v3/kv/put", Put);
        rebound.Headers.Host = "evil.example";
        using var preflight = new HttpRequestMessage(HttpMethod.Options, new Uri(node.Url, "/v3/kv/put"));
        preflight.Headers.Add("Origin", "http://a:1");

        Assert.Equal((200, "http://a:1"), await AccessAsync(client, friend));
        Assert.Equal((200, ""), await AccessAsync(client, stranger));
        Assert.Equal((421, ""), await AccessAsync(client, rebound));
        Assert.Equal((200, "http://a:1"), await AccessAsync(client, preflight));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_gateway_that_is_switched_off_is_not_there(NodeProgram program)
    {
        using var folder = new TempDirectory();
        NodeSettings settings = new(folder["m1"]) { Extra = ["--enable-grpc-gateway=false"] };
        await using NodeProcess node = await NodeProcess.StartAsync(program, settings);
        using var client = new HttpClient();

        using HttpResponseMessage answer = await client.SendAsync(Post(node.Url, "/v3/kv/put", Put));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("404 page not found\n", await answer.Content.ReadAsStringAsync());
        using HttpResponseMessage health = await client.GetAsync(new Uri(node.Url, "/health"));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task The_name_in_a_certificate_is_nobody_to_the_gateway(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, SecuredNode.DemandsClients);
        using HttpClient client = node.Client("alice");
        Assert.Equal(200, (await SendAsync(client, node.Process.Url, "/v3/kv/put", Put)).Status);

        foreach ((string path, string body) in new[]
        {
            ("user/add", """{"name":"root","password":"p"}"""), ("role/add", """{"name":"root"}"""),
            ("user/grant", """{"user":"root","role":"root"}"""), ("enable", "{}"),
        })
        {
            Assert.Equal(200, (await SendAsync(client, node.Process.Url, "/v3/auth/" + path, body)).Status);
        }

        (int status, string text) = await SendAsync(client, node.Process.Url, "/v3/kv/put", Put);
        Assert.Equal(400, status);
        Assert.Contains("name", text, StringComparison.OrdinalIgnoreCase);
        using HttpResponseMessage health = await client.GetAsync(new Uri(node.Process.Url, "/health"));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task The_gateway_moves_to_ports_for_HTTP_alone()
    {
        using var folder = new TempDirectory();
        string apart = Loopback.NextAddress();
        NodeSettings settings = new(folder["m1"]);
        settings = settings with { Extra = ["--listen-client-http-urls", $"http://{apart}"] };
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);
        using var plain = new HttpClient();

        Assert.Equal(200, (await SendAsync(plain, new Uri($"http://{apart}"), "/v3/kv/put", Put)).Status);
        Assert.Equal(404, (await SendAsync(plain, node.Url, "/v3/kv/put", Put)).Status);
    }

    [Fact]
    public async Task The_gateway_is_there_on_unix_sockets()
    {
        using var folder = new TempDirectory();
        string socket = folder["s"];
        NodeSettings settings = new(folder["m1"]);
        settings = settings with
        {
            Extra = ["--listen-client-urls", $"http://{settings.ClientAddress},unix://{socket}"],
        };
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancelled) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancelled);
                return new NetworkStream(connection, ownsSocket: true);
            },
        });

        Assert.Equal(200, (await SendAsync(client, new Uri("http://localhost"), "/v3/kv/put", Put)).Status);
    }

    private static HttpRequestMessage Post(Uri node, string path, string body) =>
        new(HttpMethod.Post, new Uri(node, path)) { Content = new StringContent(body, Encoding.UTF8) };

    private static async Task<(int Status, string Body)> SendAsync(
        HttpClient client, Uri node, string path, string body)
    {
        using HttpRequestMessage request = Post(node, path, body);
        using HttpResponseMessage answer = await client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<(int Status, string Origin)> AccessAsync(HttpClient client, HttpRequestMessage request)
    {
        using HttpResponseMessage answer = await client.SendAsync(request);
        bool isTold = answer.Headers.TryGetValues("Access-Control-Allow-Origin", out IEnumerable<string>? origins);
        return ((int)answer.StatusCode, isTold ? origins!.Single() : "");
    }

    private static async Task<JsonNode> NextAsync(StreamReader lines)
    {
        string line = await lines.ReadLineAsync().WaitAsync(Patience) ?? throw new InvalidDataException("It ended.");
        return JsonNode.Parse(line)!["result"] ?? throw new InvalidDataException(line);
    }
}
