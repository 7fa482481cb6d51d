using System.Buffers;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>What the apply lane answers to the request that waits for it: for the requests of the hot path the
/// encoded response, for all others the message, whose header the edge fills in. Reused with the proposal it
/// belongs to.</summary>
public sealed class Reply
{
    // A response that grew larger than this is not kept for the next request.
    private const int KeptBytesMax = 64 * 1024;

    private ArrayBufferWriter<byte> _encoded = new();

    /// <summary>The encoded response message, if it is one of the hot path.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded.WrittenSpan;

    /// <summary>The response of any other request; null if it has none.</summary>
    public IMessage? Message { get; set; }

    /// <summary>For the encoder.</summary>
    public IBufferWriter<byte> Writer => _encoded;

    public void Clear()
    {
        Message = null;
        if (_encoded.Capacity > KeptBytesMax)
            _encoded = new ArrayBufferWriter<byte>();
        else
            _encoded.ResetWrittenCount();
    }
}
