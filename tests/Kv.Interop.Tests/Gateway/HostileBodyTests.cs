using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Gateway;

/// <summary>Bodies that nobody sends who means well: each gets its status, and the node stays.</summary>
public sealed class HostileBodyTests
{
    private const string Surprise = "threw what it should not have"; // what the node says of faults of its own
    private const int Rounds = 2000;

    [Fact]
    public async Task Every_body_ends_in_a_status()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        using var client = new HttpClient();
        string nested = string.Concat(Enumerable.Repeat("""{"success":[{"request_txn":""", 20_000));

        Assert.Equal(400, await PostAsync(client, node, "kv/range", new string('[', 5_000_000)));
        Assert.Equal(400, await PostAsync(client, node, "kv/range", new string('{', 5)));
        Assert.Equal(400, await PostAsync(client, node, "kv/txn", nested));
        Assert.Equal(400, await PostAsync(client, node, "kv/txn", Nested(90)));
        Assert.Equal(400, await PostAsync(client, node, "kv/txn", Nested(4_000)));
        Assert.Equal(429, await PostAsync(client, node, "kv/put", $$"""{"value":"{{new string('a', 3_000_000)}}"}"""));
        Assert.Equal(429, await PostAsync(client, node, "kv/put", $$"""{"value":"{{new string('a', 40_000_000)}}"}"""));
        Assert.Equal(429, await PostAsync(client, node, "watch", $$"""{"value":"{{new string('a', 40_000_000)}}"}"""));
        Assert.Equal(400, await PostAsync(client, node, "watch", "{]"));
        Assert.Equal(400, await PostAsync(client, node, "lease/keepalive", "{\"ID\":true}"));
        Assert.Equal(400, await PostAsync(client, node, "auth/user/add", "{\"name\":\"\\ud800\"}"));
        Assert.Equal(400, await PostAsync(client, node, "kv/range", "{\"x\":\"\u0000\"}"));
        Assert.Equal(200, await PostAsync(client, node, "maintenance/status", ""));
        Assert.DoesNotContain(Surprise, node.Output, StringComparison.Ordinal);
    }

    [Theory]
    [Seeds(1)]
    public async Task A_node_survives_bodies_that_were_altered_and_connections_that_end_anywhere(int seed)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        var random = new Random(seed);
        WireLine[] lines = [.. WireLine.ReadAll()
            .Where(line => line is { Raw: null, Method: "POST" } && line.Request is not null)];
        string[] address = node.Endpoint.Split(':');
        for (int round = 0; round < Rounds; round++)
        {
            WireLine line = lines[random.Next(lines.Length)];
            byte[] body = Encoding.UTF8.GetBytes(line.Request!.ToJsonString());
            if (body.Length > 0)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            byte[] request = [.. Encoding.ASCII.GetBytes(
                $"POST {line.Path} HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
            using var socket = new TcpClient();
            await socket.ConnectAsync(address[0], int.Parse(address[1], CultureInfo.InvariantCulture));
            int sent = random.Next(2) == 0 ? request.Length : random.Next(request.Length);
            await socket.GetStream().WriteAsync(request.AsMemory(0, sent));
            if (sent == request.Length && random.Next(4) > 0)
                Assert.NotEqual(0, await socket.GetStream().ReadAsync(new byte[64]));
        }

        using var client = new HttpClient();
        Assert.Equal(200, await PostAsync(client, node, "maintenance/status", ""));
        Assert.DoesNotContain(Surprise, node.Output, StringComparison.Ordinal);
    }

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("""{"success":[{"request_txn":""", depth)) + "{}"
        + string.Concat(Enumerable.Repeat("}]}", depth));

    private static async Task<int> PostAsync(HttpClient client, NodeProcess node, string path, string body)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
        using HttpResponseMessage answer = await client.PostAsync(new Uri(node.Url, "/v3/" + path), content);
        await answer.Content.ReadAsByteArrayAsync();
        return (int)answer.StatusCode;
    }
}
