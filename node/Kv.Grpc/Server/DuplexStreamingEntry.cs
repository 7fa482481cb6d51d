using Grpc.Core;

namespace Kv.Grpc;

internal sealed class DuplexStreamingEntry<TRequest, TResponse>(
    GrpcMethod method,
    Method<TRequest, TResponse> types,
    DuplexStreamingServerMethod<TRequest, TResponse> answer,
    Action<string, Exception>? faulted) : TypedEntry<TRequest, TResponse>(method, types, faulted)
    where TRequest : class
    where TResponse : class
{
    protected override async Task AnswerAsync(GrpcCall call)
    {
        using var requests = new RequestStream<TRequest>(call, Types.RequestMarshaller);
        using var responses = new ResponseStream<TResponse>(call, Types.ResponseMarshaller);
        await answer(requests, responses, call);
    }
}
