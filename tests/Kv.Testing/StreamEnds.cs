using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kv.Testing;

/// <summary>Reads what a server sends and looks only for the ends of streams. It allocates nothing.</summary>
public sealed class StreamEnds(Socket socket)
{
    private readonly byte[] _received = new byte[64 * 1024];
    private int _kept;

    /// <summary>Reads until so many streams more have ended.</summary>
    public void Await(int count)
    {
        while (count > 0)
            count -= Receive();
    }

    private int Receive()
    {
        int read = socket.Receive(_received.AsSpan(_kept));
        if (read == 0)
            throw new IOException("The server ended the connection.");

        int length = _kept + read;
        int ended = 0;
        int offset = 0;
        while (length - offset >= RawHttp2.FrameHeaderBytes)
        {
            int payload = BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(offset)) >>> 8;
            if (length - offset < RawHttp2.FrameHeaderBytes + payload)
                break;
            if (Ends(type: _received[offset + 3], flags: _received[offset + 4]))
                ended++;
            offset += RawHttp2.FrameHeaderBytes + payload;
        }

        _kept = length - offset;
        _received.AsSpan(offset, _kept).CopyTo(_received);
        return ended;
    }

    private static bool Ends(byte type, byte flags) => type switch
    {
        RawHttp2.Headers or RawHttp2.Data => (flags & RawHttp2.EndStream) != 0,
        RawHttp2.GoAway => throw new IOException("The server sent GOAWAY."),
        _ => false,
    };
}
