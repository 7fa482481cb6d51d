using Grpc.Core;

namespace Kv.Grpc;

/// <summary>What answers the calls of one path.</summary>
internal abstract class MethodEntry(GrpcMethod method, Action<string, Exception>? faulted)
{
    public GrpcMethod Method => method;

    /// <summary>Whether its calls may outlive what is awaited of them, so that their objects are not used
    /// again.</summary>
    public bool IsStreaming => method.Type != MethodType.Unary;

    /// <summary>Answers a call to its end. Never throws.</summary>
    public abstract Task InvokeAsync(GrpcCall call);

    protected void Fail(GrpcCall call, Exception thrown)
    {
        if (call.Fail(thrown) is { } fault)
            faulted?.Invoke(method.Path, fault);
    }
}
