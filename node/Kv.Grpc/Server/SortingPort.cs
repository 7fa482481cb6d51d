using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>A cleartext port that serves HTTP/1.1 and HTTP/2 at once. Without TLS nothing tells beforehand which of
/// them a client will speak, and Kestrel then takes all for HTTP/1.1; but the first bytes do tell, as no HTTP/1 request
/// begins with <c>PRI</c>. So each connection is looked at, without taking a byte from it, and then accepted by one
/// of two listeners of Kestrel's.
/// <code>
///                    first bytes   ┌─ "PRI" ──► listener for HTTP/2
///   socket ─ accept ─────────────► ┤
///                                  └─ others ─► listener for HTTP/1.1
/// </code></summary>
internal sealed class SortingPort(IConnectionListenerFactory sockets, EndPoint wanted, TimeSpan firstBytesTimeout)
    : IAsyncDisposable
{
    // Kestrel accepts as fast as connections come; if it ever does not, those already told apart wait here and those
    // after them in the backlog of the socket.
    private const int AcceptedMax = 1024;

    private static readonly byte[] Preface = "PRI"u8.ToArray();

    private readonly Channel<ConnectionContext> _http1 = Channel.CreateBounded<ConnectionContext>(AcceptedMax);
    private readonly Channel<ConnectionContext> _http2 = Channel.CreateBounded<ConnectionContext>(AcceptedMax);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _sorting = [];
    private IConnectionListener? _listener;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Where it listens: with the port that was given if any would do.</summary>
    public EndPoint EndPoint => _listener?.EndPoint ?? wanted;

    public async Task BindAsync(CancellationToken cancelled)
    {
        _listener = await sockets.BindAsync(wanted, cancelled);
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>The next connection of a protocol; null when there will be no more.</summary>
    public async ValueTask<ConnectionContext?> NextAsync(bool isHttp2, CancellationToken cancelled)
    {
        ChannelReader<ConnectionContext> reader = (isHttp2 ? _http2 : _http1).Reader;
        while (await reader.WaitToReadAsync(cancelled))
        {
            if (reader.TryRead(out ConnectionContext? connection))
                return connection;
        }

        return null;
    }

    /// <summary>Takes no more connections, and drops those that have not shown what they speak.</summary>
    public async Task UnbindAsync()
    {
        await _stop.CancelAsync();
        if (_listener is not null)
            await _listener.UnbindAsync();
        await _accepting;
        await Task.WhenAll(Sorting());
        _http1.Writer.TryComplete();
        _http2.Writer.TryComplete();
    }

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _stop.Dispose();
    }

    private Task[] Sorting()
    {
        lock (_gate)
            return [.. _sorting];
    }

    private async Task AcceptAsync(IConnectionListener listener)
    {
        while (await listener.AcceptAsync() is { } connection)
        {
            Task sorting = SortAsync(connection);
            if (sorting.IsCompleted)
                continue;
            lock (_gate)
                _sorting.Add(sorting);
            _ = ForgetAsync(sorting);
        }
    }

    private async Task ForgetAsync(Task sorting)
    {
        await sorting;
        lock (_gate)
            _sorting.Remove(sorting);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a connection: whatever its first bytes lead to ends it and no other.")]
    private async Task SortAsync(ConnectionContext connection)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(firstBytesTimeout);
            bool isHttp2 = await BeginsWithPrefaceAsync(connection.Transport.Input, patience.Token);
            if (isHttp2)
            {
                connection.Transport = new Duplex(
                    new AuthorityReader(connection.Transport.Input), connection.Transport.Output);
            }

            await (isHttp2 ? _http2 : _http1).Writer.WriteAsync(connection, _stop.Token);
        }
        catch (Exception)
        {
            connection.Abort();
            await connection.DisposeAsync();
        }
    }

    private static async ValueTask<bool> BeginsWithPrefaceAsync(PipeReader input, CancellationToken cancelled)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync(cancelled);
            bool? isHttp2 = Compare(read.Buffer);
            bool isOver = read.IsCompleted && isHttp2 is null;

            // Looked at, and neither taken nor called seen, unless more is needed to tell.
            input.AdvanceTo(read.Buffer.Start, isHttp2 is null ? read.Buffer.End : read.Buffer.Start);
            if (isHttp2 is { } known)
                return known;
            if (isOver)
                throw new ConnectionAbortedException("The connection ended before it showed its protocol.");
        }
    }

    private static bool? Compare(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[Preface.Length];
        int length = (int)Math.Min(buffer.Length, first.Length);
        buffer.Slice(0, length).CopyTo(first);
        if (!Preface.AsSpan().StartsWith(first[..length]))
            return false;
        return length == Preface.Length ? true : null;
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
