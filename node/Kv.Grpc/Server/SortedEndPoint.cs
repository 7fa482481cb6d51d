using System.Net;

namespace Kv.Grpc;

/// <summary>One protocol's half of a port, as Kestrel is told of it.</summary>
internal sealed class SortedEndPoint(SortingPort port, bool isHttp2) : EndPoint
{
    public SortingPort Port => port;

    public bool IsHttp2 => isHttp2;

    public override string ToString() => $"{port.EndPoint} ({(isHttp2 ? "HTTP/2" : "HTTP/1.1")})";
}
