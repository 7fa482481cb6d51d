namespace Kv.Node.Tests.Store;

/// <summary>The order of keys: by bytes, a shorter one before what it begins.</summary>
internal sealed class BytesOrder : IComparer<byte[]>
{
    public int Compare(byte[]? left, byte[]? right) => left.AsSpan().SequenceCompareTo(right);
}
