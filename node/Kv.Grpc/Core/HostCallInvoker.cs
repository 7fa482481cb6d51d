namespace Grpc.Core;

/// <summary>Makes the calls of another invoker with one host name.</summary>
internal sealed class HostCallInvoker(CallInvoker inner, string hostName) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request) => inner.BlockingUnaryCall(method, host ?? hostName, options, request);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request) => inner.AsyncUnaryCall(method, host ?? hostName, options, request);

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options,
        TRequest request) => inner.AsyncServerStreamingCall(method, host ?? hostName, options, request);

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options) => inner.AsyncClientStreamingCall(method, host ?? hostName, options);

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        string? host,
        CallOptions options) => inner.AsyncDuplexStreamingCall(method, host ?? hostName, options);
}
