using System.Net;
using System.Net.Sockets;

namespace Kv.Interop.Tests.Processes;

/// <summary>Addresses of 127/8 that nobody else on this machine uses: the process id picks the network, a counter the
/// host, the system the port.</summary>
public static class Loopback
{
    private const int HostsMax = 250;

    private static int _last;

    /// <summary>A fresh "address:port".</summary>
    public static string NextAddress()
    {
        int host = 2 + (Interlocked.Increment(ref _last) % HostsMax);
        int process = Environment.ProcessId;
        var address = IPAddress.Parse($"127.{100 + (process % 100)}.{process / 100 % 250}.{host}");
        using var probe = new TcpListener(address, 0);
        probe.Start();
        return probe.LocalEndpoint.ToString()!;
    }
}
