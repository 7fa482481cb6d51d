using Grpc.Core;

namespace Kv.Grpc;

internal sealed class ServerStreamingEntry<TRequest, TResponse>(
    GrpcMethod method,
    Method<TRequest, TResponse> types,
    ServerStreamingServerMethod<TRequest, TResponse> answer,
    Action<string, Exception>? faulted) : TypedEntry<TRequest, TResponse>(method, types, faulted)
    where TRequest : class
    where TResponse : class
{
    protected override async Task AnswerAsync(GrpcCall call)
    {
        TRequest request = await ReadRequestAsync(call);
        using var responses = new ResponseStream<TResponse>(call, Types.ResponseMarshaller);
        await answer(request, responses, call);
    }
}
