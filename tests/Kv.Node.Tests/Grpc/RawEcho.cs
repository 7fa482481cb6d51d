using System.Buffers;
using Grpc.Core;
using Kv.Grpc;

namespace Kv.Node.Tests.Grpc;

/// <summary>A raw method: gives back the bytes that came. The first byte may ask for something else.</summary>
internal static class RawEcho
{
    public const byte Refuse = 0xf1;
    public const byte RefuseLate = 0xf2;
    public const byte Later = 0xf3;
    public const byte Declared = 0xf4;
    public const byte BreakPromise = 0xf5;

    /// <summary>Far more than fits any buffer on the way.</summary>
    public const int DeclaredBytes = 8 * 1024 * 1024;

    public static ValueTask<Status> AnswerAsync(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        byte wish = request.IsEmpty ? (byte)0 : request.FirstSpan[0];
        switch (wish)
        {
            case Refuse:
                return ValueTask.FromResult(new Status(StatusCode.NotFound, "etcdserver: requested lease not found"));
            case RefuseLate:
                reply.Write(new byte[100_000]);
                return ValueTask.FromResult(new Status(StatusCode.DataLoss, "late"));
            case Later:
                return LaterAsync(request, call, reply);
            case Declared:
                return DeclaredAsync(reply, DeclaredBytes);
            case BreakPromise:
                return DeclaredAsync(reply, 100_000);
            default:
                foreach (ReadOnlyMemory<byte> part in request)
                    reply.Write(part.Span);
                return ValueTask.FromResult(Status.DefaultSuccess);
        }
    }

    private static async ValueTask<Status> LaterAsync(
        ReadOnlySequence<byte> request,
        GrpcCall call,
        MessageWriter reply)
    {
        await Task.Yield();
        call.CancellationToken.ThrowIfCancellationRequested();
        reply.Write(request.ToArray());
        return Status.DefaultSuccess;
    }

    private static async ValueTask<Status> DeclaredAsync(MessageWriter reply, int written)
    {
        reply.DeclareLength(DeclaredBytes);
        byte[] part = new byte[10_000];
        for (int left = written; left > 0; left -= part.Length)
        {
            part.AsSpan().Fill(unchecked((byte)(left >> 10)));
            reply.Write(part.AsSpan(0, Math.Min(left, part.Length)));
            await reply.FlushAsync();
        }

        return Status.DefaultSuccess;
    }
}
