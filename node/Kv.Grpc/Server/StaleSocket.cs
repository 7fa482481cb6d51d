using System.Net.Sockets;

namespace Kv.Grpc;

/// <summary>A socket in the file system outlives the process that made it, and nobody can listen there again until it
/// is removed.</summary>
internal static class StaleSocket
{
    /// <summary>Removes the file if nobody listens there. One with something in it is no socket, and is left for
    /// binding to fail on.</summary>
    public static void Remove(UnixDomainSocketEndPoint endPoint)
    {
        const char FirstOfAbstractName = '@'; // those are in no file system, and end with their process
        string path = endPoint.ToString();
        if (path.Length == 0 || path[0] == FirstOfAbstractName)
            return;
        var file = new FileInfo(path);
        if (file.Exists && file.Length == 0 && !IsListenedOn(endPoint))
            file.Delete();
    }

    private static bool IsListenedOn(UnixDomainSocketEndPoint endPoint)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return true;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }
}
