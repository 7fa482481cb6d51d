using Kv.Storage;

namespace Kv.Store;

/// <summary>What is said of an entry that no member can have logged. Its checksum was right, so it was wrong before it
/// was written, on all members alike.</summary>
internal static class DamagedEntry
{
    public static CorruptDataException Of(ulong index, string finding) => new(
        $"log, entry {index}",
        $"{finding}; restore a snapshot that was taken before it (kv-node snapshot restore)");
}
