using System.Buffers.Binary;
using System.Text;
using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Server.Cli;

/// <summary>What a snapshot file, or the page file of a node that is not running, holds.</summary>
/// <param name="Hash">Of all names, keys and values of all buckets, in their order.</param>
/// <param name="Revision">Of the last change.</param>
/// <param name="KeyCount">Keys that were not deleted.</param>
/// <param name="Bytes">Without the checksum at the end of a snapshot file.</param>
/// <param name="Version">The version of the format; empty before 3.6.</param>
public sealed record SnapshotStatus(uint Hash, long Revision, long KeyCount, long Bytes, string Version)
{
    private const int RevisionLength = 17; // a tombstone has one byte more

    public static SnapshotStatus Read(IDisk disk, string path)
    {
        if (!disk.FileExists(path))
            throw new CommandFailedException($"stat {path}: no such file or directory");

        using var file = PageFile.Open(disk, path, new PageFileOptions { ReadOnly = true });
        var report = file.Verify();
        if (!report.IsClean)
        {
            string faults = string.Concat(report.Faults.Take(10).Select(fault => $"\n{fault}"));
            throw new CommandFailedException(
                $"snapshot file integrity check failed. {report.Faults.Count} errors found.{faults}");
        }

        using var read = file.BeginRead();
        (long revision, long keys) = ReadKeys(read);
        string version = read.TryOpenBucket("meta"u8, out var meta)
            && meta.TryGet("storageVersion"u8, out ReadOnlySpan<byte> text) ? Encoding.UTF8.GetString(text) : "";
        return new SnapshotStatus(HashAll(read), revision, keys, read.Bytes, version);
    }

    public ResultTable ToTable() => new(
        [
            new("hash", "Hash", "hash"), new("revision", "Revision", "revision"),
            new("total keys", "Keys", "totalKey"), new("total size", "Size", "totalSize"),
            new("version", "Version", "version"),
        ],
        [[
            new(Hash, $"{Hash:x}"), new(Revision), new(KeyCount), new(Bytes, HumanBytes.Format(Bytes)), new(Version),
        ]]);

    private static uint HashAll(ReadTransaction read)
    {
        uint hash = 0;
        var buckets = read.Root.OpenCursor();
        for (bool isThere = buckets.SeekFirst(); isThere; isThere = buckets.Next())
        {
            hash = Crc32C.Append(hash, buckets.Key);
            if (!buckets.IsBucket)
                continue;
            var rows = buckets.OpenBucket().OpenCursor();
            for (bool isRow = rows.SeekFirst(); isRow; isRow = rows.Next())
                hash = Crc32C.Append(Crc32C.Append(hash, rows.Key), rows.Value);
        }

        return hash;
    }

    /// <summary>Walks the whole history: a key counts if its last entry is no tombstone.</summary>
    private static (long Revision, long KeyCount) ReadKeys(ReadTransaction read)
    {
        long revision = 0;
        var living = new HashSet<byte[]>(ByteArrayComparer.Instance);
        if (!read.TryOpenBucket("key"u8, out var bucket))
            return (revision, 0);

        var rows = bucket.OpenCursor();
        for (bool isThere = rows.SeekFirst(); isThere; isThere = rows.Next())
        {
            revision = BinaryPrimitives.ReadInt64BigEndian(rows.Key);
            byte[] key = Mvccpb.KeyValue.Parser.ParseFrom(rows.Value).Key.ToByteArray();
            if (key.Length == 0)
                continue; // stands for a revision that was skipped: see restore --bump-revision
            if (rows.Key.Length > RevisionLength)
                living.Remove(key);
            else
                living.Add(key);
        }

        return (revision, living.Count);
    }

    private sealed class ByteArrayComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteArrayComparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = new HashCode();
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}
