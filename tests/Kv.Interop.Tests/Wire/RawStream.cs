using System.Threading.Channels;

namespace Kv.Interop.Tests.Wire;

/// <summary>A call under way in both directions. What the server sends is read ahead, so that a test can ask what has
/// come since it last looked.</summary>
public sealed class RawStream : IAsyncDisposable
{
    // A test looks after each step; more than this between two looks would be a fault of its own.
    private const int MessagesMax = 10_000;

    private readonly Task<HttpResponseMessage> _response;
    private readonly OpenContent _body;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<byte[]> _messages = Channel.CreateBounded<byte[]>(MessagesMax);
    private readonly Task<RawAnswer> _reading;

    public RawStream(Task<HttpResponseMessage> response, OpenContent body)
    {
        _response = response;
        _body = body;
        _reading = ReadAsync();
    }

    /// <summary>How the call ended; waits for it.</summary>
    public Task<RawAnswer> Ended => _reading;

    public Task SendAsync(byte[] message) => _body.WriteAsync(RawGrpc.Frame(message));

    public void HalfClose() => _body.Close();

    /// <summary>The next message, or null if none comes within that time or the call has ended.</summary>
    public async Task<byte[]?> NextAsync(TimeSpan within)
    {
        if (_messages.Reader.TryRead(out byte[]? ready))
            return ready;

        using var late = new CancellationTokenSource(within);
        try
        {
            return await _messages.Reader.WaitToReadAsync(late.Token) && _messages.Reader.TryRead(out byte[]? message)
                ? message
                : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _body.Close();
        await _reading;
        if (_response.IsCompletedSuccessfully)
            _response.Result.Dispose();
        _ending.Dispose();
    }

    private async Task<RawAnswer> ReadAsync()
    {
        try
        {
            HttpResponseMessage response = await _response.WaitAsync(_ending.Token);
            await using Stream stream = await response.Content.ReadAsStreamAsync(_ending.Token);
            while (await RawGrpc.ReadFrameAsync(stream, _ending.Token) is { } message)
                await _messages.Writer.WriteAsync(message, _ending.Token);
            return RawGrpc.Ended(response, []);
        }
        catch (OperationCanceledException)
        {
            return new RawAnswer(1, "ended here", []);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return new RawAnswer(-1, broken.Message, []);
        }
        finally
        {
            _messages.Writer.TryComplete();
        }
    }
}
