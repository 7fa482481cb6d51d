using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>What the four kinds of methods with message types have in common.</summary>
internal abstract class TypedEntry<TRequest, TResponse>(
    GrpcMethod method,
    Method<TRequest, TResponse> types,
    Action<string, Exception>? faulted) : MethodEntry(method, faulted)
    where TRequest : class
    where TResponse : class
{
    protected Method<TRequest, TResponse> Types => types;

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever a method throws ends this call and no other.")]
    public sealed override async Task InvokeAsync(GrpcCall call)
    {
        try
        {
            await AnswerAsync(call);
            call.Finish(call.Status);
        }
        catch (Exception thrown)
        {
            Fail(call, thrown);
        }
    }

    /// <summary>Does all but send the status.</summary>
    protected abstract Task AnswerAsync(GrpcCall call);

    protected async ValueTask<TRequest> ReadRequestAsync(GrpcCall call)
    {
        ReadOnlySequence<byte> payload = await call.Requests.ReadOnlyAsync();
        TRequest request = call.Deserialize(types.RequestMarshaller, payload, "grpc: error unmarshalling request");
        call.Requests.Release();
        return request;
    }

    /// <summary>Puts the one answer of a call whose server sends one; none if the method has set another
    /// status.</summary>
    protected void WriteResponse(GrpcCall call, TResponse response)
    {
        if (call.Status.StatusCode != StatusCode.OK)
            return;
        if (response is null)
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        types.ResponseMarshaller.ContextualSerializer(response, call.Reply.Context);
        call.FinishReply();
    }
}
