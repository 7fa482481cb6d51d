using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kv.Testing;

/// <summary>One gRPC call over and over on one connection, from bytes made beforehand: once it runs, it allocates
/// nothing, so that what is allocated is allocated by the server, wherever that is.</summary>
public sealed class RawLoad
{
    /// <summary>Calls that are under way at once.</summary>
    public const int BatchCalls = 50;

    private const int FramesPerCall = 2;

    private readonly Socket _socket;
    private readonly byte[] _batch;
    private readonly List<int> _streamOffsets = [];
    private readonly StreamEnds _ends;
    private int _nextStream = 1;

    /// <param name="socket">A new connection.</param>
    /// <param name="path">The method's.</param>
    /// <param name="message">The request's, without a frame.</param>
    /// <param name="answerBytesMax">The longest answer's, which is what its client lets the server send.</param>
    public RawLoad(Socket socket, string path, byte[] message, int answerBytesMax)
    {
        _socket = socket;
        _ends = new StreamEnds(socket);
        var batch = new List<byte>();
        for (int call = 0; call < BatchCalls; call++)
        {
            Add(batch, RawHttp2.Call(0, path));
            Add(batch, RawHttp2.Message(0, message));
        }

        // What the answers take of the connection's window is given back with each batch.
        byte[] window = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(window, BatchCalls * answerBytesMax);
        batch.AddRange(RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 0, window));
        _batch = [.. batch];
        _socket.Send([.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])]);
    }

    /// <summary>Sends so many batches, each when the one before has ended.</summary>
    public void Run(int batches)
    {
        for (int batch = 0; batch < batches; batch++)
            SendBatch();
    }

    private void Add(List<byte> batch, byte[] frame)
    {
        const int StreamOffset = 5;
        _streamOffsets.Add(batch.Count + StreamOffset);
        batch.AddRange(frame);
    }

    private void SendBatch()
    {
        for (int index = 0; index < _streamOffsets.Count; index++)
        {
            int stream = _nextStream + (index / FramesPerCall * 2); // clients have the odd ones
            BinaryPrimitives.WriteInt32BigEndian(_batch.AsSpan(_streamOffsets[index]), stream);
        }

        _nextStream += 2 * BatchCalls;
        _socket.Send(_batch);
        _ends.Await(BatchCalls);
    }
}
