using System.Net;

namespace Kv.Grpc.Client;

/// <summary>The body of a call that sends one message.</summary>
internal sealed class SingleContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> _frame;

    public SingleContent(ReadOnlyMemory<byte> frame)
    {
        _frame = frame;
        Headers.ContentType = GrpcMediaType.Value;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken) => stream.WriteAsync(_frame, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
