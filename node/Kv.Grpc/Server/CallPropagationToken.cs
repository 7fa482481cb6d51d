using Grpc.Core;

namespace Kv.Grpc;

/// <summary>Propagates nothing: calls made on behalf of another are given their deadline and token by hand.</summary>
internal sealed class CallPropagationToken : ContextPropagationToken
{
    public static readonly CallPropagationToken Instance = new();
}
