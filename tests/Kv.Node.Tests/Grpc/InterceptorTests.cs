using System.Net;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>What stands between clients and servers.</summary>
public sealed class InterceptorTests
{
    [Fact]
    public async Task The_first_interceptor_sees_a_call_first_on_both_sides()
    {
        await using var server = new GrpcServer(new GrpcServerOptions());
        server.Add(Notes.BindService(new Echoes()).Intercept(new Adding("c"), new Adding("d")));
        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
        using var channel = GrpcChannel.ForAddress($"http://{server.EndPoints[0]}");
        var client = new Notes.NotesClient(channel.Intercept(new Adding("a"), new Adding("b")));

        Assert.Equal("abcd", (await client.EchoAsync(new Note())).Text);
    }

    [Fact]
    public async Task Headers_may_be_added_to_every_call()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel.Intercept(_ => new Metadata { { "echo-added", "yes" } }));
        using AsyncUnaryCall<Note> call = client.EchoAsync(new Note());
        await call;

        Assert.Equal("yes", call.GetTrailers().GetValue("echo-added"));
    }

    private sealed class Echoes : Notes.NotesBase
    {
        public override Task<Note> Echo(Note request, ServerCallContext context) => Task.FromResult(request);
    }

    private sealed class Adding(string letter) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation) => continuation(Add(request), context);

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request,
            ServerCallContext context,
            UnaryServerMethod<TRequest, TResponse> continuation) => continuation(Add(request), context);

        private T Add<T>(T message)
        {
            if (message is Note note)
                note.Text += letter;
            return message;
        }
    }
}
