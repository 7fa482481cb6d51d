using Grpc.Core;

namespace Kv.Grpc;

internal sealed class ClientStreamingEntry<TRequest, TResponse>(
    GrpcMethod method,
    Method<TRequest, TResponse> types,
    ClientStreamingServerMethod<TRequest, TResponse> answer,
    Action<string, Exception>? faulted) : TypedEntry<TRequest, TResponse>(method, types, faulted)
    where TRequest : class
    where TResponse : class
{
    protected override async Task AnswerAsync(GrpcCall call)
    {
        using var requests = new RequestStream<TRequest>(call, Types.RequestMarshaller);
        WriteResponse(call, await answer(requests, call));
    }
}
