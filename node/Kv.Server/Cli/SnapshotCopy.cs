using System.Security.Cryptography;
using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary>Takes the page file out of a snapshot file.
/// <code>
/// 0                     multiple of 512        + 32
/// | page file ..................... | SHA-256 of that |
/// </code>
/// A page file that was copied from a data directory has no checksum.</summary>
internal static class SnapshotCopy
{
    private const int HashLength = 32;
    private const int SectorBytes = 512;
    private const int ChunkBytes = 1 << 20;

    /// <summary>Copies to a new file, which is gone again if the checksum is not what it should be.</summary>
    public static void Extract(IDisk disk, string source, string target, bool skipsHashCheck)
    {
        using var snapshot = disk.Open(source, FileAccessMode.Read);
        bool hasHash = snapshot.Length % SectorBytes == HashLength;
        if (!hasHash && !skipsHashCheck)
            throw new CommandFailedException("snapshot missing hash but --skip-hash-check=false");

        long length = hasHash ? snapshot.Length - HashLength : snapshot.Length;
        byte[] computed;
        using (var pages = disk.Open(target, FileAccessMode.Create))
        {
            computed = Copy(snapshot, pages, length);
            pages.Sync();
        }

        byte[] stored = new byte[HashLength];
        if (hasHash && !skipsHashCheck && snapshot.Read(length, stored) == HashLength)
            RefuseIfWrong(disk, target, stored, computed);
    }

    /// <summary>Copies what comes to a new file. That it has come to its end is only known then, so the last bytes are
    /// held back: they may be the checksum.</summary>
    /// <returns>The SHA-256 of the pages, in hexadecimal.</returns>
    public static async Task<string> ExtractAsync(
        IDisk disk, Stream source, string name, string target, bool skipsHashCheck, CancellationToken cancelled)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using IFile pages = disk.Open(target, FileAccessMode.Create);
        byte[] chunk = new byte[ChunkBytes];
        int held = 0;
        long offset = 0;
        while (true)
        {
            int count = await source.ReadAtLeastAsync(
                chunk.AsMemory(held), chunk.Length - held, throwOnEndOfStream: false, cancelled);
            bool isEnd = held + count < chunk.Length;
            int certain = Math.Max(0, held + count - HashLength);
            Append(chunk.AsSpan(0, certain));
            chunk.AsSpan(certain, held + count - certain).CopyTo(chunk);
            held = held + count - certain;
            if (isEnd)
                break;
        }

        bool hasHash = held == HashLength && offset % SectorBytes == 0;
        if (!hasHash && !skipsHashCheck)
        {
            throw new CommandFailedException(
                $"{name} is no snapshot: {offset + held} bytes, which are no pages with a checksum at their end");
        }

        if (!hasHash)
            Append(chunk.AsSpan(0, held));
        pages.Sync();
        byte[] computed = hash.GetHashAndReset();
        if (hasHash && !skipsHashCheck)
            RefuseIfWrong(disk, target, chunk[..HashLength], computed);
        return Convert.ToHexStringLower(computed);

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            pages.Write(offset, bytes);
            offset += bytes.Length;
        }
    }

    private static void RefuseIfWrong(IDisk disk, string target, byte[] stored, byte[] computed)
    {
        if (stored.SequenceEqual(computed))
            return;
        disk.DeleteFile(target);
        throw new CommandFailedException(
            $"expected sha256 {Convert.ToHexStringLower(stored)}, got {Convert.ToHexStringLower(computed)}");
    }

    /// <summary>The SHA-256 of what was copied.</summary>
    private static byte[] Copy(IFile source, IFile target, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[ChunkBytes];
        for (long offset = 0; offset < length;)
        {
            int count = source.Read(offset, chunk.AsSpan(0, (int)Math.Min(ChunkBytes, length - offset)));
            if (count == 0)
                CorruptDataException.Throw($"{source.Path} at offset {offset}", "the file ends too early");
            hash.AppendData(chunk, 0, count);
            target.Write(offset, chunk.AsSpan(0, count));
            offset += count;
        }

        return hash.GetHashAndReset();
    }
}
