namespace Grpc.Core.Interceptors;

/// <summary>Which method is called, and how; what an interceptor may change before it lets the call go on.</summary>
public readonly struct ClientInterceptorContext<TRequest, TResponse>(
    Method<TRequest, TResponse> method,
    string? host,
    CallOptions options)
    where TRequest : class
    where TResponse : class
{
    public Method<TRequest, TResponse> Method { get; } = method;

    public string? Host { get; } = host;

    public CallOptions Options { get; } = options;
}
