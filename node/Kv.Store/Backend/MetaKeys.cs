namespace Kv.Store;

/// <summary>Keys of the bucket "meta".</summary>
internal static class MetaKeys
{
    public static ReadOnlySpan<byte> ConsistentIndex => "consistent_index"u8;

    public static ReadOnlySpan<byte> Term => "term"u8;

    public static ReadOnlySpan<byte> ScheduledCompaction => "scheduledCompactRev"u8;

    public static ReadOnlySpan<byte> FinishedCompaction => "finishedCompactRev"u8;

    public static ReadOnlySpan<byte> StorageVersion => "storageVersion"u8;
}
