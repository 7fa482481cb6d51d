using System.Buffers;
using System.IO.Pipelines;
using Kv.Grpc;
using Kv.Raft;
using Kv.Server.Http;
using Kv.Server.Peers.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers.Inbound;

/// <summary><c>POST /raft/snapshot</c>: a message with the whole store behind it, which goes to the disk as it
/// comes.</summary>
internal sealed class SnapshotRequests(
    IPeerMember member, PeerTransport transport, ISnapshotSink sink, Handshake handshake, ILogger log)
{
    private readonly SlotCount _slots = new(transport.Options.IncomingSnapshotsMax);
    private readonly TimeProvider _time = transport.Options.Time;

    /// <summary>Null if the request was answered otherwise.</summary>
    public async ValueTask<PlainAnswer?> AnswerAsync(PlainHttpCall call)
    {
        if (!HttpMethods.IsPost(call.Method))
            return PeerSite.OnlyPost();
        if (handshake.TryPass(call, out PlainAnswer? answer))
        {
            handshake.Meet(call);
            using var reader = new PatientReader(call, transport.Options.ReadTimeout);
            answer = await ReceiveAsync(reader);
        }

        return answer?.With(PeerHeaders.ClusterId, PeerHeaders.ToText(member.ClusterId));
    }

    private async ValueTask<PlainAnswer> ReceiveAsync(PatientReader reader)
    {
        (Message? message, string fault) = await ReadMessageAsync(reader);
        if (message is null)
            return Refuse(StatusCodes.Status400BadRequest, $"failed to decode raft message ({fault})");
        if (message.Type != MessageType.Snapshot)
            return Refuse(StatusCodes.Status400BadRequest, "wrong raft message type");
        if (message.Snapshot is not { } snapshot)
            return Refuse(StatusCodes.Status400BadRequest, "failed to decode raft message (no snapshot in it)");

        // Asked before the disk is filled for nothing.
        Admission admission = transport.Intake.Judge(message);
        if (admission != Admission.Admitted)
        {
            string whose = admission == Admission.FromRemoved ? "from removed" : "to mismatch";
            return Refuse(
                StatusCodes.Status500InternalServerError,
                $"failed to process raft message (cannot process message {whose} member)");
        }

        if (!_slots.TryTake())
            return RefuseToSave("too many snapshots are under way");
        try
        {
            return await SaveAsync(reader, message, snapshot.Id.Index);
        }
        finally
        {
            _slots.Return();
        }
    }

    private async ValueTask<PlainAnswer> SaveAsync(PatientReader reader, Message message, ulong index)
    {
        long begin = _time.GetTimestamp();
        bool isSaved = false;
        transport.Options.Observer.OnSnapshotReceiveBegan(message.From);
        PeerLog.ReceivingSnapshot(log, member.Id, message.From, index);
        try
        {
            using IIncomingSnapshot file = sink.Begin(index);
            long bytes = await CopyAsync(reader, file);
            await file.KeepAsync();
            isSaved = true;
            PeerLog.ReceivedSnapshot(log, member.Id, message.From, index, bytes, _time.GetElapsedTime(begin));
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            PeerLog.FailedToReceiveSnapshot(log, member.Id, message.From, index, fault.Message);
            return RefuseToSave(fault.Message);
        }
        finally
        {
            transport.Options.Observer.OnSnapshotReceiveEnded(message.From, isSaved, _time.GetElapsedTime(begin));
        }

        transport.Intake.Deliver(message);
        return PeerSite.NoContent();
    }

    private static async ValueTask<long> CopyAsync(PatientReader reader, IIncomingSnapshot file)
    {
        long bytes = 0;
        while (true)
        {
            ReadResult read = await reader.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                file.Write(piece.Span);
            bytes += read.Buffer.Length;
            reader.Advance(read.Buffer.End);
            if (read.IsCompleted)
                return bytes;
        }
    }

    /// <summary>Takes the message off the front of the body, or says in Go's words why there is none.</summary>
    private static async ValueTask<(Message? Message, string Fault)> ReadMessageAsync(PatientReader reader)
    {
        while (true)
        {
            ReadResult read = await reader.ReadAsync();
            FrameOutcome outcome = TryTake(
                read.Buffer, out SequencePosition end, out Message? message, out string fault);
            if (outcome == FrameOutcome.Taken)
                reader.Advance(end);
            else
                reader.Advance(read.Buffer.Start, read.Buffer.End);
            if (outcome != FrameOutcome.Incomplete)
                return (message, fault);
            if (read.IsCompleted)
                return (null, read.Buffer.Length is 0 or sizeof(ulong) ? "EOF" : "unexpected EOF");
        }
    }

    private static FrameOutcome TryTake(
        in ReadOnlySequence<byte> body, out SequencePosition end, out Message? message, out string fault)
    {
        message = null;
        fault = "";
        var reader = new SequenceReader<byte>(body);
        bool hasLength = reader.TryReadBigEndian(out long length);
        end = reader.Position;
        if (!hasLength)
            return FrameOutcome.Incomplete;
        if (length is < 0 or > WireLimits.FrameBytesMax)
        {
            fault = "rafthttp: error limit exceeded";
            return FrameOutcome.Malformed;
        }

        if (!reader.TryReadExact((int)length, out ReadOnlySequence<byte> frame))
            return FrameOutcome.Incomplete;
        end = reader.Position;
        message = RaftMessageDecoder.TryDecode(frame);
        fault = "proto: cannot parse invalid wire-format data";
        return message is null ? FrameOutcome.Malformed : FrameOutcome.Taken;
    }

    private static PlainAnswer RefuseToSave(string fault) =>
        Refuse(StatusCodes.Status500InternalServerError, $"failed to save KV snapshot ({fault})");

    private static PlainAnswer Refuse(int status, string text) => PlainAnswer.Refuse(status, text);
}
