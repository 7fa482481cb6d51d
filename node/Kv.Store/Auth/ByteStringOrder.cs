using Google.Protobuf;

namespace Kv.Store;

/// <summary>The order of keys: byte by byte, unsigned.</summary>
internal sealed class ByteStringOrder : IComparer<ByteString>
{
    public static readonly ByteStringOrder Instance = new();

    public int Compare(ByteString? x, ByteString? y) =>
        (x ?? ByteString.Empty).Span.SequenceCompareTo((y ?? ByteString.Empty).Span);
}
