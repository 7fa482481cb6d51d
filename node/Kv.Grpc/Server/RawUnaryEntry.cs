using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>The shortest way from the bytes of a request to the bytes of its answer. When the request has come whole
/// and the method answers at once, all of it happens in one go and allocates nothing.</summary>
internal sealed class RawUnaryEntry(GrpcMethod method, RawUnaryMethod answer, Action<string, Exception>? faulted)
    : MethodEntry(method, faulted)
{
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever a method throws ends this call and no other.")]
    public override Task InvokeAsync(GrpcCall call)
    {
        try
        {
            if (!call.Requests.TryReadOnly(out ReadOnlySequence<byte> request))
                return ReadAndAnswerAsync(call);

            call.CountReceived(request.Length);
            ValueTask<Status> answered = answer(request, call, call.Reply);
            if (!answered.IsCompletedSuccessfully)
                return FinishAsync(call, answered);
            return FinishAsync(call, answered.Result);
        }
        catch (Exception thrown)
        {
            Fail(call, thrown);
        }

        return Task.CompletedTask;
    }

    private Task FinishAsync(GrpcCall call, in Status status)
    {
        call.Requests.Release();
        if (status.StatusCode == StatusCode.OK)
        {
            call.FinishReply();
            if (call.IsReplyLarge)
                return FinishLargeAsync(call, status);
        }

        call.Finish(status);
        return Task.CompletedTask;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever a method throws ends this call and no other.")]
    private async Task FinishLargeAsync(GrpcCall call, Status status)
    {
        try
        {
            call.Share.Hold(call.SentBytes);
            await call.Transport.ResponseBody.Writer.FlushAsync(call.CancellationToken);
            call.Finish(status);
        }
        catch (Exception thrown)
        {
            Fail(call, thrown);
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever a method throws ends this call and no other.")]
    private async Task ReadAndAnswerAsync(GrpcCall call)
    {
        try
        {
            ReadOnlySequence<byte> request = await call.Requests.ReadOnlyAsync();
            call.CountReceived(request.Length);
            await FinishAsync(call, await answer(request, call, call.Reply));
        }
        catch (Exception thrown)
        {
            Fail(call, thrown);
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever a method throws ends this call and no other.")]
    private async Task FinishAsync(GrpcCall call, ValueTask<Status> answered)
    {
        try
        {
            await FinishAsync(call, await answered);
        }
        catch (Exception thrown)
        {
            Fail(call, thrown);
        }
    }
}
