namespace Grpc.Core.Interceptors;

/// <summary>Passes the methods of a service on, each behind an interceptor.</summary>
internal sealed class InterceptingServiceBinder(ServerServiceDefinition.Builder target, Interceptor interceptor)
    : ServiceBinderBase
{
    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        UnaryServerMethod<TRequest, TResponse>? handler) => target.AddMethod(
            method,
            (request, context) => interceptor.UnaryServerHandler(request, context, handler!));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        ClientStreamingServerMethod<TRequest, TResponse>? handler) => target.AddMethod(
            method,
            (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, handler!));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        ServerStreamingServerMethod<TRequest, TResponse>? handler) => target.AddMethod(
            method,
            (request, responses, context) =>
                interceptor.ServerStreamingServerHandler(request, responses, context, handler!));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        DuplexStreamingServerMethod<TRequest, TResponse>? handler) => target.AddMethod(
            method,
            (requests, responses, context) =>
                interceptor.DuplexStreamingServerHandler(requests, responses, context, handler!));
}
