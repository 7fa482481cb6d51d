using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc.Local;

/// <summary>Calls the methods of a server in its own process, without a connection. Such a call goes the way of all
/// others: it is admitted, observed and counted, and its messages are bounded. A call that is given up throws
/// <see cref="OperationCanceledException"/>.</summary>
public sealed class LocalCallInvoker : CallInvoker
{
    private readonly GrpcServer _server;
    private readonly ITlsConnectionFeature? _certificate;

    internal LocalCallInvoker(GrpcServer server, ITlsConnectionFeature? certificate = null)
    {
        _server = server;
        _certificate = certificate;
    }

    /// <summary>Calls in the name of somebody who calls this server: with the certificate of its connection. Its
    /// metadata is not passed on.</summary>
    public LocalCallInvoker For(ServerCallContext caller) =>
        new(_server, (caller as GrpcCall)?.Transport.Features?.Get<ITlsConnectionFeature>());

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException("Nothing blocks here.");

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new LocalCall<TRequest, TResponse>(method, options, _certificate);
        call.StartSingle(_server.Application, request);
        return new AsyncUnaryCall<TResponse>(
            call.ReadOnlyAsync(), NoMetadata, () => call.Status, static () => [], static () => { });
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new LocalCall<TRequest, TResponse>(method, options, _certificate);
        call.StartSingle(_server.Application, request);
        return new AsyncServerStreamingCall<TResponse>(
            call, NoMetadata, () => call.Status, static () => [], call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        throw new NotSupportedException("No method of ours takes many messages and answers with one.");

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = new LocalCall<TRequest, TResponse>(method, options, _certificate);
        call.Start(_server.Application);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call, call, NoMetadata, () => call.Status, static () => [], call.Dispose);
    }

    private static Task<Metadata> NoMetadata { get; } = Task.FromResult(new Metadata());
}
