using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kv.Interop.Tests.Chaos;

/// <summary>Stands before one member, where the others are told to find it, and passes on what they say to each other,
/// as well as the network of the moment lets it.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint _target;
    private readonly Func<Socket, string?> _whoDials;
    private readonly string _name;
    private readonly Faults _faults;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Task _accepting;

    /// <param name="name">Of the member.</param>
    /// <param name="whoDials">Names the member that a connection comes from.</param>
    public FaultProxy(
        string name, string address, string target, Faults faults, Func<Socket, string?> whoDials)
    {
        _name = name;
        _target = IPEndPoint.Parse(target);
        _faults = faults;
        _whoDials = whoDials;
        _listener = new TcpListener(IPEndPoint.Parse(address));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket dialled = await _listener.AcceptSocketAsync(_stop.Token);
                var connection = Task.Run(() => ServeAsync(dialled));
                _connections.TryAdd(connection, true);
                _ = connection.ContinueWith(
                    ended => _connections.TryRemove(ended, out _), TaskScheduler.Default);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket dialled)
    {
        using (dialled)
        using (var answering = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            dialled.NoDelay = true;
            try
            {
                if (_whoDials(dialled) is not { } dialler)
                    return;
                Flow asked = _faults.Between(dialler, _name);
                await asked.UntilOpenAsync(_stop.Token);
                await answering.ConnectAsync(_target, _stop.Token);
                Flow answered = _faults.Between(_name, dialler);
                await Task.WhenAny(
                    new Pump(dialled, answering, asked, _stop.Token).RunAsync(),
                    new Pump(answering, dialled, answered, _stop.Token).RunAsync());

                // Half open is a connection whose one end is never told that the other is gone.
                if (asked.IsBroken || answered.IsBroken)
                    await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException)
            {
                // One of the two is gone, or the test is over.
            }
        }
    }
}
