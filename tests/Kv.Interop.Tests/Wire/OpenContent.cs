using System.Net;

namespace Kv.Interop.Tests.Wire;

/// <summary>A request body that stays open: who holds it writes when he likes, and says when it ends.</summary>
public sealed class OpenContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task WriteAsync(byte[] bytes)
    {
        Stream stream = await _opened.Task;
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
    }

    public void Close() => _closed.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // Sends the headers now; the server may answer before the first message.
        await stream.FlushAsync();
        _opened.TrySetResult(stream);
        await _closed.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
