using System.Net.Sockets;
using System.Threading.Channels;

namespace Kv.Interop.Tests.Chaos;

/// <summary>One direction of a connection. What is read waits in a queue until its time has come, so that a delay does
/// not cost throughput.</summary>
internal sealed class Pump(Socket source, Socket target, Flow flow, CancellationToken stop)
{
    private const int PieceBytes = 16 * 1024;
    private const int PiecesMax = 64;

    private readonly Channel<(byte[] Piece, long Due)> _onTheWay =
        Channel.CreateBounded<(byte[] Piece, long Due)>(PiecesMax);

    /// <summary>Returns when one of the two ends is gone.</summary>
    public async Task RunAsync()
    {
        try
        {
            Task writing = WriteAsync();
            await await Task.WhenAny(ReadAsync(), writing);
            await writing;
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As intended.
        }
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[PieceBytes];
        while (true)
        {
            int read = await source.ReceiveAsync(buffer, stop);
            if (read == 0)
            {
                _onTheWay.Writer.Complete();
                return;
            }

            long due = TimeProvider.System.GetTimestamp()
                + (long)(flow.Delay.TotalSeconds * TimeProvider.System.TimestampFrequency);
            await _onTheWay.Writer.WriteAsync((buffer[..read], due), stop);
        }
    }

    private async Task WriteAsync()
    {
        await foreach ((byte[] piece, long due) in _onTheWay.Reader.ReadAllAsync(stop))
        {
            TimeSpan wait = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, stop);
            await flow.UntilOpenAsync(stop);
            await flow.PassAsync(piece.Length, stop);
            if (flow.IsBroken)
                await BreakAsync();
            for (int sent = 0; sent < piece.Length;)
                sent += await target.SendAsync(piece.AsMemory(sent), stop);
        }
    }

    // The receiver's end is reset; the sender goes on talking to nobody, and is not told.
    private async Task BreakAsync()
    {
        target.LingerState = new LingerOption(enable: true, seconds: 0);
        target.Close();
        await Task.Delay(Timeout.InfiniteTimeSpan, stop);
    }
}
