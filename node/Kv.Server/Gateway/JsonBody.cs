using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf.Reflection;

namespace Kv.Server.Gateway;

/// <summary>The requests in the body of an HTTP request: JSON values, one after another, of which most calls have
/// one.</summary>
/// <param name="bytesMax">How long one of them may be.</param>
internal sealed class JsonBody(PipeReader body, MessageDescriptor type, int bytesMax, CancellationToken cancelled)
{
    /// <summary>The next request; null after the last.</summary>
    /// <exception cref="JsonRefusedException">There is something, and it is no request.</exception>
    /// <exception cref="BodyTooLargeException">It is longer than may be.</exception>
    public async ValueTask<byte[]?> ReadAsync()
    {
        var scanner = new JsonScanner();
        long scanned = 0;
        while (true)
        {
            ReadResult read = await body.ReadAsync(cancelled);
            scanned = Scan(scanner, read.Buffer, scanned);
            if (read.IsCompleted && !scanner.IsDone)
                scanner.End();
            if (scanner.IsDone)
                return Take(read.Buffer.Slice(0, scanned));

            bool isOver = scanner.Problem is not null || scanned > bytesMax || read.IsCompleted;
            body.AdvanceTo(isOver ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
            if (scanner.Problem is { } problem)
                throw new JsonRefusedException(problem);
            if (scanned > bytesMax)
                throw new BodyTooLargeException(bytesMax);
            if (isOver)
                return null;
        }
    }

    private static long Scan(JsonScanner scanner, in ReadOnlySequence<byte> buffer, long scanned)
    {
        foreach (ReadOnlyMemory<byte> piece in buffer.Slice(scanned))
        {
            scanned += scanner.Read(piece.Span);
            if (scanner.IsDone || scanner.Problem is not null)
                break;
        }

        return scanned;
    }

    private byte[] Take(in ReadOnlySequence<byte> value)
    {
        byte[] json = value.ToArray();
        body.AdvanceTo(value.End);
        return JsonRequest.ToMessage(json.AsSpan().TrimStart(" \t\r\n"u8), type);
    }
}
