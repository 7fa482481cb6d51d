using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Node.Tests.Logging;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Server.Observers;

namespace Kv.Node.Tests.Observers;

/// <summary>What is done around every call, seen by clients of a server.</summary>
public sealed class CallObserverTests : IDisposable
{
    private const string Version = "client-api-version";

    private readonly NodeMetrics _metrics = new(() => [], isExtensive: true);
    private readonly HeardLog _log = new();

    private string Page => Encoding.UTF8.GetString(PrometheusText.Write(_metrics.Registry).Span);

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Calls_are_counted_by_the_version_that_their_client_says_it_has()
    {
        await using NotesServer server = await StartAsync(slow: TimeSpan.FromDays(1));
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);
        await client.EchoAsync(new Note(), new Metadata { { Version, "3.5" } });
        await client.EchoAsync(new Note(), new Metadata { { Version, "3.5" } });
        await client.EchoAsync(new Note(), new Metadata { { Version, "3.6" } });
        await client.EchoAsync(new Note());
        using (AsyncServerStreamingCall<Note> stream = client.Count(new Note(), new Metadata { { Version, "3.5" } }))
            Assert.False(await stream.ResponseStream.MoveNext());

        foreach ((string type, string version, int count) in new[]
        {
            ("unary", "3.5", 2), ("unary", "3.6", 1), ("unary", "unknown", 1), ("stream", "3.5", 1),
        })
        {
            Assert.Contains(
                "\netcd_server_client_requests_total{" +
                $"client_api_version=\"{version}\",type=\"{type}\"}} {count}\n",
                Page);
        }
    }

    [Fact]
    public async Task A_version_that_is_no_text_is_refused()
    {
        await using NotesServer server = await StartAsync(slow: TimeSpan.FromDays(1));
        using var http = new HttpClient(new SocketsHttpHandler
        {
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        });
        Assert.Equal(StatusCode.InvalidArgument, await SendAsync("3.\u00ff"));
        Assert.Equal(StatusCode.OK, await SendAsync("3.\u00c3\u00a9")); // UTF-8, of an e with an accent

        async Task<StatusCode> SendAsync(string version)
        {
            HttpRequestMessage request = Wire.Request(server, "/kv.test.Notes/Echo", new Note());
            request.Headers.TryAddWithoutValidation(Version, version);
            using HttpResponseMessage response = await http.SendAsync(request);
            return Wire.Status(response).StatusCode;
        }
    }

    [Fact]
    public async Task Who_wants_a_leader_is_turned_away_without_one()
    {
        await using NotesServer server = await StartAsync(slow: TimeSpan.FromDays(1));
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);
        var wish = new Metadata { { "hasleader", "true" } };
        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await client.EchoAsync(new Note(), wish));

        Assert.Equal(new Status(StatusCode.Unavailable, "etcdserver: no leader"), refused.Status);
        await client.EchoAsync(new Note(), new Metadata { { "hasleader", "false" } });
        Assert.Equal(1, server.Method("Echo").Counts.Handled(StatusCode.Unavailable));
    }

    [Fact]
    public async Task A_slow_call_is_told_with_its_sizes_and_where_it_came_from()
    {
        await using NotesServer server = await StartAsync(slow: TimeSpan.Zero);
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);
        await client.EchoAsync(new Note { Text = "text" });
        await Calls.Eventually.HoldsAsync(() => _log.Lines.Count == 1, "the call is told");

        Assert.Matches(
            "^Warning: request stats start time=2.* time spent=00:00:0.* remote=127\\.0\\.0\\.1:\\d+ " +
            "response type=/kv.test.Notes/Echo request size=6 response size=6$",
            _log.Lines[0]);
    }

    [Fact]
    public async Task All_calls_are_timed_by_method_if_asked_to()
    {
        await using NotesServer server = await StartAsync(slow: TimeSpan.FromDays(1));
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);
        await client.EchoAsync(new Note());
        await Calls.Eventually.HoldsAsync(() => Page.Contains("grpc_server_handling_seconds_count{"), "it is timed");

        Assert.Contains(
            "\ngrpc_server_handling_seconds_bucket{" +
            "grpc_method=\"Echo\",grpc_service=\"kv.test.Notes\",grpc_type=\"unary\",le=\"2.5\"} 1\n",
            Page);
    }

    private Task<NotesServer> StartAsync(TimeSpan slow) => NotesServer.StartAsync(new GrpcServerOptions
    {
        Observer = new CallObserver(
            _metrics.Requests, new ReplicaView(), slow, _metrics.Handling, TimeProvider.System, _log),
    });
}
