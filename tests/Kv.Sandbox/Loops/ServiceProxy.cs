using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Makes the addresses of services work: listens on each, and passes connections on to the ready pods behind
/// it in turn. A cluster does this in the kernel.</summary>
internal sealed class ServiceProxy(Mirror services, Mirror slices, Action<string> log) : IDisposable
{
    private readonly ConcurrentDictionary<IPEndPoint, TcpListener> _listeners = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile IReadOnlyDictionary<IPEndPoint, IPEndPoint[]> _targets = new Dictionary<IPEndPoint,
        IPEndPoint[]>();
    private int _turn;

    public Task RunRoundAsync()
    {
        Dictionary<IPEndPoint, IPEndPoint[]> targets = [];
        foreach (JsonObject service in services.All)
        {
            if (!IPAddress.TryParse(service.Text("spec", "clusterIP"), out IPAddress? address)
                || !IPAddress.IsLoopback(address))
            {
                continue;
            }

            foreach (JsonObject port in service.Items("spec", "ports"))
                targets[new IPEndPoint(address, (int)(port.Number("port") ?? 0))] = [.. TargetsOf(service, port)];
        }

        _targets = targets;
        foreach (IPEndPoint gone in _listeners.Keys.Where(each => !targets.ContainsKey(each)))
        {
            if (_listeners.TryRemove(gone, out TcpListener? listener))
                listener.Dispose();
        }

        foreach (IPEndPoint wanted in targets.Keys.Where(each => !_listeners.ContainsKey(each)))
            Listen(wanted);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (TcpListener listener in _listeners.Values)
            listener.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<IPEndPoint> TargetsOf(JsonObject service, JsonObject port)
    {
        string name = port.Text("name") ?? "";
        foreach (JsonObject slice in slices.All)
        {
            bool isOf = slice.Text("metadata", "namespace") == service.Text("metadata", "namespace")
                && slice.Text("metadata", "labels", "kubernetes.io/service-name") == service.Text("metadata", "name");
            long? number = slice.Items("ports").FirstOrDefault(each => (each.Text("name") ?? "") == name).Number(
                "port");
            if (!isOf || number is null)
                continue;
            foreach (JsonObject endpoint in slice.Items("endpoints").Where(each => each.Flag("conditions", "ready")))
                yield return new IPEndPoint(IPAddress.Parse(endpoint.Texts("addresses").First()), (int)number);
        }
    }

    private void Listen(IPEndPoint endPoint)
    {
        var listener = new TcpListener(endPoint);
        try
        {
            listener.Start();
        }
        catch (SocketException fault)
        {
            listener.Dispose();
            log($"service at {endPoint}: {fault.Message}");
            return;
        }

        _listeners[endPoint] = listener;
        _ = AcceptAsync(endPoint, listener);
    }

    private async Task AcceptAsync(IPEndPoint endPoint, TcpListener listener)
    {
        try
        {
            while (!_stop.IsCancellationRequested)
                _ = PassOnAsync(endPoint, await listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The service is gone.
        }
    }

    private async Task PassOnAsync(IPEndPoint endPoint, TcpClient client)
    {
        using (client)
        {
            IPEndPoint[] targets = _targets.GetValueOrDefault(endPoint) ?? [];
            if (targets.Length == 0)
                return;
            using var server = new TcpClient();
            try
            {
                int turn = Interlocked.Increment(ref _turn) & int.MaxValue;
                await server.ConnectAsync(targets[turn % targets.Length], _stop.Token);
                client.NoDelay = server.NoDelay = true;
                NetworkStream near = client.GetStream();
                NetworkStream far = server.GetStream();

                // When one direction ends, so does the connection: nothing that runs here half-closes.
                await Task.WhenAny(near.CopyToAsync(far, _stop.Token), far.CopyToAsync(near, _stop.Token));
            }
            catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException)
            {
                // Either side has gone.
            }
        }
    }
}
