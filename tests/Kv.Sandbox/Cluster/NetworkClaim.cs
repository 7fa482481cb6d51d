using System.Net.Sockets;

namespace Kv.Sandbox.Cluster;

/// <summary>A network of this machine, 127.N.0.0, that no other sandbox has: whoever has it holds a socket of a name
/// that there can be only once, and that the system takes back when its process ends, however it does.</summary>
internal sealed class NetworkClaim : IDisposable
{
    private const int First = 20;
    private const int Count = 180;

    private readonly Socket _socket;

    private NetworkClaim(Socket socket, byte network)
    {
        _socket = socket;
        Network = network;
    }

    /// <summary>The second number of its addresses.</summary>
    public byte Network { get; }

    /// <exception cref="IOException">There are too many sandboxes on this machine.</exception>
    public static NetworkClaim Take()
    {
        for (int attempt = 0; attempt < Count; attempt++)
        {
            byte network = (byte)(First + ((Environment.ProcessId + attempt) % Count));
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Bind(new UnixDomainSocketEndPoint($"\0kv-sandbox-network-{network}"));
                return new NetworkClaim(socket, network);
            }
            catch (SocketException)
            {
                socket.Dispose(); // somebody has it
            }
        }

        throw new IOException("All networks of this machine are taken by other sandboxes.");
    }

    public void Dispose() => _socket.Dispose();
}
