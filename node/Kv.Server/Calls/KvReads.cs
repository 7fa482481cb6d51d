using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Kv.Grpc;
using Kv.Server.Membership;
using Kv.Server.Observers;
using Kv.Server.Tracing;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Range, RangeStream and transactions that only read. Answers are copied from the pages of the store into the
/// connection, piece by piece as the client takes them, so an answer of any size costs little memory; small ones,
/// when nothing is to be waited for, are given at once on the thread that read the request.</summary>
internal sealed class KvReads(
    MvccStore store,
    LinearizableReads reads,
    Gate gate,
    AuthBook auth,
    ResponseHeaders headers,
    LearnerRule learner,
    ReadObserver observer,
    int messageBytes)
{
    // Below this an answer is written whole; it is about what a connection's pipe holds anyway.
    private const int WholeBytesMax = 64 * 1024;
    private const int PieceBytes = 32 * 1024;

    // Of an answer that leaves piece by piece, so much is on its way at once.
    private const int OnItsWayBytes = WholeBytesMax + (2 * PieceBytes);

    private static readonly Method<byte[], RangeReply> RangeStreamMethod = new(
        MethodType.ServerStreaming,
        "etcdserverpb.KV",
        "RangeStream",
        Marshallers.Create(static message => message, static message => message),
        new Marshaller<RangeReply>(WriteStreamed, static _ => throw new NotSupportedException()));

    public ValueTask<Status> RangeAsync(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        if (!request.IsSingleSegment)
            request = new ReadOnlySequence<byte>(request.ToArray());
        ReadOnlySpan<byte> body = request.FirstSpan;
        KvError error = RequestChecks.Range(body);
        if (error != KvError.None)
            return new ValueTask<Status>(Refusal.ToStatus(error));

        RangeRequestView.TryRead(body, out RangeRequestView range);
        Caller caller = gate.Identify(call);
        error = gate.CheckRead(caller, range.Key, range.RangeEnd);
        if (error != KvError.None)
            return new ValueTask<Status>(Refusal.ToStatus(error));
        if (range.IsSerializable || reads.IsConfirmed)
        {
            using Activity? span = ReadSpan.Begin(ReadSpan.Range, range.IsSerializable);
            return Answer(body, caller, call, reply, span);
        }

        return learner.IsLearner
            ? new ValueTask<Status>(Refusal.ToStatus(KvError.NotSupportedForLearner))
            : ConfirmAndAnswerAsync(request.ToArray(), caller, call, reply);
    }

    /// <summary>Answers a transaction that only reads, without the log.</summary>
    public async ValueTask<Status> TxnAsync(
        ReadOnlyMemory<byte> request, Caller caller, GrpcCall call, MessageWriter reply)
    {
        bool isSerializable = RequestChecks.IsSerializable(request.Span);
        using Activity? span = ReadSpan.Begin(ReadSpan.Txn, isSerializable);
        if (!isSerializable)
            await reads.ConfirmAsync();
        KvError error = gate.CheckTxn(caller, request.Span);
        int ranges = 0;
        if (error == KvError.None)
            error = store.ReadTxn(request.Span, headers.ForReply(), reply, out ranges);
        error = Recheck(caller, error);
        ReadSpan.End(span, error);
        observer.OnTxn(call, error, ranges);
        return Refusal.ToStatus(error);
    }

    public ServerServiceDefinition BindRangeStream() =>
        ServerServiceDefinition.CreateBuilder().AddMethod(RangeStreamMethod, StreamAsync).Build();

    private static void WriteStreamed(RangeReply part, SerializationContext context)
    {
        context.SetPayloadLength(checked((int)part.EncodedBytes));
        part.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Status> ConfirmAndAnswerAsync(
        byte[] request, Caller caller, GrpcCall call, MessageWriter reply)
    {
        using Activity? span = ReadSpan.Begin(ReadSpan.Range, isSerializable: false);
        await reads.ConfirmAsync();
        return await Answer(request, caller, call, reply, span);
    }

    private ValueTask<Status> Answer(
        ReadOnlySpan<byte> request, Caller caller, GrpcCall call, MessageWriter reply, Activity? span)
    {
        RangeReply answer = store.Range(request, headers.ForReply());
        KvError error = Recheck(caller, answer.Error);
        bool isWhole = answer.EncodedBytes <= WholeBytesMax;
        if (error == KvError.None && !isWhole && !call.TryHold(answer.HeldBytes + OnItsWayBytes))
            error = KvError.Overloaded;
        if (error == KvError.None && isWhole)
            answer.WriteTo(reply);
        ReadSpan.End(span, error, answer.EncodedBytes);
        observer.OnRange(call, error, answer.EncodedBytes);
        if (error == KvError.None && !isWhole)
            return StreamWholeAsync(answer, reply);
        answer.Dispose();
        return new ValueTask<Status>(Refusal.ToStatus(error));
    }

    private static async ValueTask<Status> StreamWholeAsync(RangeReply answer, MessageWriter reply)
    {
        using (answer)
        {
            reply.DeclareLength(answer.EncodedBytes);
            while (true)
            {
                int copied = answer.CopyTo(reply.GetSpan(PieceBytes));
                if (copied == 0)
                    return Status.DefaultSuccess;
                reply.Advance(copied);
                await reply.FlushAsync();
            }
        }
    }

    private async Task StreamAsync(byte[] request, IServerStreamWriter<RangeReply> responses, ServerCallContext context)
    {
        Refusal.ThrowIfRefused(RequestChecks.RangeStream(request));
        Caller caller = gate.Identify(context);
        Refusal.ThrowIfRefused(CheckRange(caller, request, out bool isSerializable));
        using Activity? span = ReadSpan.Begin(ReadSpan.RangeStream, isSerializable);
        if (!isSerializable)
            await reads.ConfirmAsync();

        observer.OnRangeStream();
        RangeStream stream = store.OpenStream(request, messageBytes);
        while (!stream.IsDone)
        {
            using RangeReply part = stream.Next(headers.ForReply());
            Refusal.ThrowIfRefused(Recheck(caller, part.Error));
            await responses.WriteAsync(part, context.CancellationToken);
        }
    }

    private KvError CheckRange(Caller caller, byte[] request, out bool isSerializable)
    {
        RangeRequestView.TryRead(request, out RangeRequestView range);
        isSerializable = range.IsSerializable;
        return gate.CheckRead(caller, range.Key, range.RangeEnd);
    }

    // What was allowed before the read may have been forbidden during it; to nobody nothing was allowed.
    private KvError Recheck(Caller caller, KvError error)
    {
        bool isOld = caller.AuthRevision != 0 && caller.AuthRevision != auth.Revision;
        return error == KvError.None && !gate.IsOpen && isOld ? KvError.AuthOldRevision : error;
    }
}
