using Kv.Storage;

namespace Kv.Store;

/// <summary>The checksum over rows that members compare: CRC-32C over the bucket's name, then key and value of each
/// row.</summary>
internal struct RowHash()
{
    public uint Value { get; private set; } = Crc32C.Compute(StoreBuckets.Name(StoreBucket.Key));

    public void Add(Revision revision, bool isDelete, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[Revision.DeletionBytes];
        Value = Crc32C.Append(Value, key[..revision.Encode(key, isDelete)]);
        Value = Crc32C.Append(Value, value);
    }
}
