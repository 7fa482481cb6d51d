namespace Kv.Store;

/// <summary>Sees one pair of a bucket; the spans are only good for the call.</summary>
public delegate void StoreVisitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
