using Grpc.Core;
using Grpc.Net.Client;

namespace Kv.Grpc.Client;

/// <summary>Makes calls over a channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request)
    {
        using AsyncUnaryCall<TResponse> call = AsyncUnaryCall(method, host, options, request);
        return call.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, host, options);
        call.StartSingle(request);
        return new AsyncUnaryCall<TResponse>(
            call.ReadOnlyAsync(),
            static state => ((ClientCall<TRequest, TResponse>)state).ResponseHeaders,
            static state => ((ClientCall<TRequest, TResponse>)state).Status,
            static state => ((ClientCall<TRequest, TResponse>)state).Trailers,
            static state => ((ClientCall<TRequest, TResponse>)state).Dispose(),
            call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, host, options);
        call.StartSingle(request);
        return new AsyncServerStreamingCall<TResponse>(
            call,
            static state => ((ClientCall<TRequest, TResponse>)state).ResponseHeaders,
            static state => ((ClientCall<TRequest, TResponse>)state).Status,
            static state => ((ClientCall<TRequest, TResponse>)state).Trailers,
            static state => ((ClientCall<TRequest, TResponse>)state).Dispose(),
            call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, host, options);
        ClientRequestStream<TRequest, TResponse> requests = call.StartStreaming();
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            requests,
            call.ReadOnlyAsync(),
            static state => ((ClientCall<TRequest, TResponse>)state).ResponseHeaders,
            static state => ((ClientCall<TRequest, TResponse>)state).Status,
            static state => ((ClientCall<TRequest, TResponse>)state).Trailers,
            static state => ((ClientCall<TRequest, TResponse>)state).Dispose(),
            call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options)
    {
        var call = new ClientCall<TRequest, TResponse>(channel, method, host, options);
        ClientRequestStream<TRequest, TResponse> requests = call.StartStreaming();
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            requests,
            call,
            static state => ((ClientCall<TRequest, TResponse>)state).ResponseHeaders,
            static state => ((ClientCall<TRequest, TResponse>)state).Status,
            static state => ((ClientCall<TRequest, TResponse>)state).Trailers,
            static state => ((ClientCall<TRequest, TResponse>)state).Dispose(),
            call);
    }
}
