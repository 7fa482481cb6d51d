using System.Buffers;
using Etcdserverpb;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>The consumer of one stream: reads when told to, and parses what it reads with the generated code.</summary>
internal sealed class WatchClient
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public WatchClient(WatchHub hub) => Stream = hub.OpenStream(() => WakeCount++);

    public WatchStream Stream { get; }

    /// <summary>How often it was told that there is something to read.</summary>
    public int WakeCount { get; private set; }

    public List<WatchResponse> Received { get; } = [];

    /// <summary>Reads one response; null if there is none.</summary>
    public WatchResponse? Read()
    {
        if (!Stream.TryRead(out WatchOutput? output))
            return null;

        _buffer.ResetWrittenCount();
        output.WriteTo(_buffer);
        Assert.Equal(output.EncodedBytes, _buffer.WrittenCount);
        WatchResponse response = WatchResponse.Parser.ParseFrom(_buffer.WrittenSpan);
        Assert.Equal(output.EventCount, response.Events.Count);
        Assert.Equal(response.CalculateSize(), output.EncodedBytes);
        Received.Add(response);
        return response;
    }

    /// <summary>Reads all there is.</summary>
    public List<WatchResponse> ReadAll()
    {
        var read = new List<WatchResponse>();
        while (Read() is { } response)
            read.Add(response);
        return read;
    }
}
