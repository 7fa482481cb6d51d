using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kv.Testing;

/// <summary>HTTP/2 by hand: frames as bytes, to be altered, and a connection that sends them without
/// allocating.</summary>
public static class RawHttp2
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const int FrameHeaderBytes = 9;

    public static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(FrameHeaderBytes));
        return frame;
    }

    public static byte[] Call(int stream, string path, params (string Name, string Value)[] more)
    {
        var block = new MemoryStream();
        (string, string)[] headers =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a"),
            ("content-type", "application/grpc"), ("te", "trailers"), .. more,
        ];
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0); // a literal that is not indexed, with a literal name; neither Huffman coded
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        return Frame(Headers, EndHeaders, stream, block.ToArray());
    }

    public static byte[] Message(int stream, ReadOnlySpan<byte> payload, byte flags = EndStream) =>
        Frame(Data, flags, stream, GrpcFrame(payload));

    /// <summary>A message as it stands in the body of a call: a flag, its length, and its bytes.</summary>
    public static byte[] GrpcFrame(ReadOnlySpan<byte> payload, byte flag = 0)
    {
        const int PrefixBytes = 5;
        byte[] frame = new byte[PrefixBytes + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame.AsSpan(PrefixBytes));
        return frame;
    }

    public static Socket Connect(int port) => Connect(new IPEndPoint(IPAddress.Loopback, port));

    public static Socket Connect(EndPoint endPoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
        socket.Connect(endPoint);
        return socket;
    }
}
