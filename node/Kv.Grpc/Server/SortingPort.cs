using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>A port that serves HTTP/1.1 and HTTP/2 at once. Without TLS nothing tells beforehand which of them a client
/// will speak, and Kestrel then takes all for HTTP/1.1; but the first bytes do tell, as no HTTP/1 request begins with
/// <c>PRI</c>. So each connection is looked at, without taking a byte from it, and then accepted by one of two
/// listeners of Kestrel's. With TLS the handshake comes first; it tells the protocol too, unless the client leaves it
/// open.
/// <code>
///                                     first bytes   ┌─ "PRI" ──► listener for HTTP/2
///   socket ─ accept ─ (handshake) ─────────────────►┤
///                                                   └─ others ─► listener for HTTP/1.1
/// </code></summary>
internal sealed class SortingPort(
    IConnectionListenerFactory sockets, GrpcEndPoint wanted, TimeSpan firstBytesTimeout) : IAsyncDisposable
{
    // Kestrel accepts as fast as connections come; if it ever does not, those already told apart wait here and those
    // after them in the backlog of the socket.
    private const int AcceptedMax = 1024;

    // For who takes a port with TLS for one without: a browser shows it, gRPC for Go says that it looks like HTTP/1.
    private static readonly byte[] InClear = RefusalInClear("This port speaks TLS: use https.\n");

    private readonly Channel<ConnectionContext> _http1 = Channel.CreateBounded<ConnectionContext>(AcceptedMax);
    private readonly Channel<ConnectionContext> _http2 = Channel.CreateBounded<ConnectionContext>(AcceptedMax);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _sorting = [];
    private IConnectionListener? _listener;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Where it listens: with the port that was given if any would do.</summary>
    public EndPoint EndPoint => _listener?.EndPoint ?? wanted.Address;

    /// <exception cref="IOException">Another process listens there, or nobody can.</exception>
    public async Task BindAsync(CancellationToken cancelled)
    {
        try
        {
            _listener = await sockets.BindAsync(wanted.Address, cancelled);
        }
        catch (Exception fault) when (fault is AddressInUseException or SocketException)
        {
            throw new IOException($"listen {wanted.Address}: bind: {fault.Message}", fault);
        }

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
    private async Task SortAsync(ConnectionContext accepted)
    {
        ConnectionContext connection = accepted;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(firstBytesTimeout);
            if (wanted.Tls is not null)
                connection = await SecureAsync(accepted, wanted.Tls, patience.Token);
            bool isHttp2 = connection is SecuredConnection secured
                ? await SortSecuredAsync(secured, patience.Token)
                : await FirstBytes.AreHttp2Async(connection.Transport.Input, patience.Token);
            if (isHttp2)
            {
                connection.Transport = new DuplexPipe(
                    new AuthorityReader(connection.Transport.Input), connection.Transport.Output);
            }

            await (isHttp2 ? _http2 : _http1).Writer.WriteAsync(connection, _stop.Token);
        }
        catch (AuthenticationException)
        {
            await connection.DisposeAsync(); // not aborted: it is to learn of it
        }
        catch (Exception)
        {
            connection.Abort();
            await connection.DisposeAsync();
        }
    }

    private static byte[] RefusalInClear(string text) => Encoding.ASCII.GetBytes(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        + $"Content-Length: {text.Length}\r\n\r\n{text}");

    private static async Task<SecuredConnection> SecureAsync(
        ConnectionContext plain, IServerTls tls, CancellationToken cancelled)
    {
        await Task.Yield(); // handshakes cost; others are waiting to be accepted
        (bool areTls, bool areText) = await FirstBytes.AreTlsAsync(plain.Transport.Input, cancelled);
        if (areTls)
        {
            var stream = new PipeStream(plain.Transport);
            return new SecuredConnection(plain, await tls.AuthenticateAsync(stream, plain.RemoteEndPoint, cancelled));
        }

        const string Reason = "tls: first record does not look like a TLS handshake";
        tls.OnRefused(plain.RemoteEndPoint, Reason);
        if (areText)
            await plain.Transport.Output.WriteAsync(InClear, cancelled);
        throw new AuthenticationException(Reason);
    }

    private static async ValueTask<bool> SortSecuredAsync(SecuredConnection connection, CancellationToken cancelled)
    {
        if (connection.IsHttp2 is { } agreed)
            return agreed;
        bool isHttp2 = await FirstBytes.AreHttp2Async(connection.Transport.Input, cancelled);
        connection.Speaks(isHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11);
        return isHttp2;
    }
}
