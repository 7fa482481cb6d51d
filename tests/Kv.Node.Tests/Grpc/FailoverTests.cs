using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Channels to several servers.</summary>
public sealed class FailoverTests
{
    [Fact]
    public async Task Calls_go_to_the_servers_in_turn()
    {
        await using NotesServer first = await NotesServer.StartAsync();
        await using NotesServer second = await NotesServer.StartAsync();
        using var channel = GrpcChannel.ForAddresses([first.Address, second.Address]);
        var client = new Notes.NotesClient(channel);
        for (int number = 0; number < 10; number++)
            await client.EchoAsync(new Note());

        Assert.Equal(5, first.Method("Echo").Counts.Started);
        Assert.Equal(5, second.Method("Echo").Counts.Started);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_passed_over_by_calls_of_every_kind()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using var channel = GrpcChannel.ForAddresses([Nowhere(), server.Address, Nowhere()]);
        var client = new Notes.NotesClient(channel);

        for (int round = 0; round < 5; round++)
        {
            Assert.Equal(round, (await client.EchoAsync(new Note { Number = round })).Number);
            using AsyncServerStreamingCall<Note> count = client.Count(new Note { Number = 3 });
            Assert.Equal(3, await count.ResponseStream.ReadAllAsync().CountAsync());
            using AsyncClientStreamingCall<Note, Note> sum = client.Sum();
            await sum.RequestStream.WriteAsync(new Note { Number = 5 });
            await sum.RequestStream.CompleteAsync();
            Assert.Equal(5, (await sum).Number);
        }
    }

    [Fact]
    public async Task Without_a_server_a_call_is_unavailable()
    {
        using var channel = GrpcChannel.ForAddresses([Nowhere(), Nowhere()]);

        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Notes.NotesClient(channel).EchoAsync(new Note()));
        Assert.Equal(StatusCode.Unavailable, thrown.StatusCode);
        Assert.NotNull(thrown.Status.DebugException);
    }

    [Fact]
    public async Task A_call_may_wait_for_its_server_to_come()
    {
        string address = Nowhere();
        using var channel = GrpcChannel.ForAddress(address);
        DateTime soon = TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(20);
        AsyncUnaryCall<Note> call = new Notes.NotesClient(channel).EchoAsync(
            new Note { Number = 1 },
            new CallOptions(deadline: soon).WithWaitForReady());

        await using var server = new Kv.Grpc.GrpcServer(new Kv.Grpc.GrpcServerOptions());
        server.AddUnary("/kv.test.Notes/Echo", RawEcho.AnswerAsync);
        await server.StartAsync([IPEndPoint.Parse(address["http://".Length..])]);

        Assert.Equal(1, (await call).Number);
    }

    [Theory]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(200, StatusCode.Unknown)]
    public async Task What_answers_without_speaking_gRPC_gives_a_status_too(int http, StatusCode code)
    {
        await using var server = new Kv.Grpc.GrpcServer(new Kv.Grpc.GrpcServerOptions
        {
            PlainHttp = call => call.WriteAsync(http, "text/html", "<p>"),
        });
        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        using var handler = new ChangedContentType(new SocketsHttpHandler());
        using var channel = GrpcChannel.ForAddress(
            $"http://{server.EndPoints[0]}",
            new GrpcChannelOptions { HttpHandler = handler });

        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Notes.NotesClient(channel).EchoAsync(new Note()));
        Assert.Equal(code, thrown.StatusCode);
    }

    /// <summary>A server that ends a stream without a status has not said that all went well.</summary>
    [Fact]
    public async Task An_answer_without_a_status_is_none()
    {
        await using var server = new Kv.Grpc.GrpcServer(new Kv.Grpc.GrpcServerOptions
        {
            PlainHttp = call => call.WriteAsync(200, "application/grpc", "\0\0\0\0\0"),
        });
        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        using var handler = new ChangedContentType(new SocketsHttpHandler());
        using var channel = GrpcChannel.ForAddress(
            $"http://{server.EndPoints[0]}",
            new GrpcChannelOptions { HttpHandler = handler });
        var client = new Notes.NotesClient(channel);

        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () => await client.EchoAsync(new Note()));
        Assert.Equal(StatusCode.Internal, thrown.StatusCode);
        Assert.Equal("server closed the stream without sending trailers", thrown.Status.Detail);

        using AsyncServerStreamingCall<Note> call = client.Count(new Note());
        Assert.True(await call.ResponseStream.MoveNext());
        thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Internal, thrown.StatusCode);
    }

    [Fact]
    public async Task Credentials_add_to_the_headers_of_each_call()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        var token = CallCredentials.FromInterceptor((context, metadata) =>
        {
            metadata.Add("echo-token", context.MethodName);
            return Task.CompletedTask;
        });
        using AsyncUnaryCall<Note> call = new Notes.NotesClient(channel).EchoAsync(
            new Note(),
            new CallOptions(credentials: token));
        await call;

        Assert.Equal("Echo", call.GetTrailers().GetValue("echo-token"));
    }

    /// <summary>An address where nobody listens: one that somebody did until now.</summary>
    private static string Nowhere()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}";
    }

    /// <summary>Makes the server take calls for plain requests.</summary>
    private sealed class ChangedContentType(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            request.Content = new ByteArrayContent([]);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
