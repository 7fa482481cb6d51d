using Grpc.Core;

namespace Kv.Grpc;

internal sealed class UnaryEntry<TRequest, TResponse>(
    GrpcMethod method,
    Method<TRequest, TResponse> types,
    UnaryServerMethod<TRequest, TResponse> answer,
    Action<string, Exception>? faulted) : TypedEntry<TRequest, TResponse>(method, types, faulted)
    where TRequest : class
    where TResponse : class
{
    protected override async Task AnswerAsync(GrpcCall call)
    {
        TRequest request = await ReadRequestAsync(call);
        WriteResponse(call, await answer(request, call));
    }
}
