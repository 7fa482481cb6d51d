using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Kv.Grpc.Wire;

namespace Kv.Grpc;

/// <summary>Finds messages in the body of a request. A message is shown where it lies in the receive buffer and stays
/// valid until <see cref="Release"/>, which gives its room back to the client.</summary>
internal sealed class RequestReader
{
    private PipeReader? _body;
    private MessageLimits _limits;
    private CallBudget? _budget;
    private CallShare? _share;
    private SequencePosition _end;
    private bool _isHeld;
    private long _counted;

    public void Start(PipeReader body, MessageLimits limits, CallBudget? budget, CallShare share)
    {
        _body = body;
        _limits = limits;
        _budget = budget;
        _share = share;
        _isHeld = false;
        _counted = 0;
    }

    /// <summary>The one message of a call whose client sends one, if it has all come already.</summary>
    /// <exception cref="RpcException">There is none, or more than one, or it is not well formed.</exception>
    public bool TryReadOnly(out ReadOnlySequence<byte> message)
    {
        if (TryRead(out ReadResult read))
            return TryTakeOnly(read, out message);
        message = default;
        return false;
    }

    public async ValueTask<ReadOnlySequence<byte>> ReadOnlyAsync()
    {
        while (true)
        {
            ReadResult read = await ReadAsync(CancellationToken.None);
            if (TryTakeOnly(read, out ReadOnlySequence<byte> message))
                return message;
        }
    }

    /// <summary>The next message of many; null after the last.</summary>
    public async ValueTask<ReadOnlySequence<byte>?> ReadNextAsync(CancellationToken cancelled)
    {
        while (true)
        {
            ReadResult read = await ReadAsync(cancelled);
            if (MessageFrame.TryRead(read.Buffer, _limits, out MessageFrame frame))
                return Take(frame);
            if (read.IsCompleted)
                return read.Buffer.IsEmpty ? null : throw Truncated();
            Announce(read.Buffer);
            KeepForMore(read);
        }
    }

    public void Release()
    {
        if (!_isHeld)
            return;
        _isHeld = false;
        if (_counted != 0)
        {
            _share!.LetGo(_counted);
            _counted = 0;
        }

        try
        {
            _body!.AdvanceTo(_end);
        }
        catch (IOException)
        {
            // The client has gone, as the next read will tell; the message is here all the same.
        }
    }

    // A body that cannot be read is a client that has gone, and that is a cancellation to whoever waits for it.
    private static OperationCanceledException Gone(IOException fault) => new("The client has gone.", fault);

    // A caller without a connection has no body to break: it cancels what waits here. Every later read is to end so
    // too.
    private OperationCanceledException GivenUp(in ReadResult read)
    {
        _body!.AdvanceTo(read.Buffer.Start);
        _body.CancelPendingRead();
        return new OperationCanceledException("The caller has given the call up.");
    }

    private static RpcException Truncated() => new(new Status(StatusCode.Internal, "unexpected EOF"));

    private bool TryRead(out ReadResult read)
    {
        try
        {
            if (!_body!.TryRead(out read))
                return false;
            return read.IsCanceled ? throw GivenUp(read) : true;
        }
        catch (IOException fault)
        {
            throw Gone(fault);
        }
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancelled)
    {
        try
        {
            ReadResult read = await _body!.ReadAsync(cancelled);
            return read.IsCanceled ? throw GivenUp(read) : read;
        }
        catch (IOException fault)
        {
            throw Gone(fault);
        }
    }

    private void KeepForMore(in ReadResult read)
    {
        try
        {
            _body!.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        catch (IOException fault)
        {
            throw Gone(fault);
        }
    }

    // The message is taken only with the end of the stream behind it: with most clients they come in one frame, and
    // ending a call whose client has not ended its side would cost a RST_STREAM.
    private bool TryTakeOnly(in ReadResult read, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (MessageFrame.TryRead(read.Buffer, _limits, out MessageFrame frame))
        {
            if (read.Buffer.Length > MessageFrame.PrefixBytes + frame.Payload.Length)
            {
                throw new RpcException(new Status(
                    StatusCode.Internal,
                    "cardinality violation: received more than one request message for a call that takes one"));
            }

            if (read.IsCompleted)
            {
                message = Take(frame);
                return true;
            }
        }
        else if (read.IsCompleted)
        {
            throw read.Buffer.IsEmpty
                ? new RpcException(new Status(
                    StatusCode.Internal,
                    "cardinality violation: received no request message for a call that takes one"))
                : Truncated();
        }
        else
        {
            Announce(read.Buffer);
        }

        KeepForMore(read);
        return false;
    }

    private ReadOnlySequence<byte> Take(in MessageFrame frame)
    {
        _end = frame.Payload.End;
        _isHeld = true;
        Count(frame.Payload.Length);
        if (!frame.IsCompressed)
            return frame.Payload;

        var message = new ReadOnlySequence<byte>(Gzip.Decompress(frame.Payload, _limits.ReceiveMaxBytes));
        Count(message.Length);
        return message;
    }

    // A message of which the beginning has come: whether there is room for it is known before the rest is let in.
    private void Announce(in ReadOnlySequence<byte> buffer)
    {
        if (_counted == 0 && MessageFrame.TryReadLength(buffer, _limits, out uint length))
            Count(length);
    }

    // Also called for what was announced; then there is nothing left to count.
    private void Count(long bytes)
    {
        long more = bytes - _counted;
        if (bytes <= CallBudget.SmallBytes || more <= 0)
            return;
        if (!_share!.TryHold(more))
            throw new RpcException(_budget!.Refusal);
        _counted = bytes;
    }
}
