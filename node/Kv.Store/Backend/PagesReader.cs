using System.Buffers.Binary;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>Reads what one commit of a page file holds, without what was applied later. A bucket that is not there,
/// as in files of older versions, is an empty one.</summary>
internal sealed class PagesReader(ReadTransaction read) : IBucketReader
{
    public string Path => read.Path;

    public bool TryGet(StoreBucket bucket, ReadOnlySpan<byte> key, out byte[] value)
    {
        value = [];
        if (!read.TryOpenBucket(StoreBuckets.Name(bucket), out Bucket opened)
            || !opened.TryGet(key, out ReadOnlySpan<byte> found))
        {
            return false;
        }

        value = found.ToArray();
        return true;
    }

    public void ForEach(StoreBucket bucket, StoreVisitor visitor)
    {
        if (!read.TryOpenBucket(StoreBuckets.Name(bucket), out Bucket opened))
            return;
        Cursor cursor = opened.OpenCursor();
        for (bool isThere = cursor.SeekFirst(); isThere; isThere = cursor.Next())
            visitor(cursor.Key, cursor.Value);
    }

    /// <summary>A number of the bucket "meta"; 0 if it is not there, as in a new file, or the term in one of etcd
    /// 3.4.</summary>
    /// <exception cref="Kv.Storage.CorruptDataException">It is no number.</exception>
    public ulong ReadNumber(ReadOnlySpan<byte> key)
    {
        if (!TryGet(StoreBucket.Meta, key, out byte[] value))
            return 0;
        return value.Length == sizeof(ulong)
            ? BinaryPrimitives.ReadUInt64BigEndian(value)
            : throw this.Damage(StoreBucket.Meta, key, $"a number takes 8 bytes, not {value.Length}");
    }
}
