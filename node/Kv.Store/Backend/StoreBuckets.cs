namespace Kv.Store;

/// <summary>The names of the buckets in the page file.</summary>
internal static class StoreBuckets
{
    public static readonly StoreBucket[] All = Enum.GetValues<StoreBucket>();

    public static ReadOnlySpan<byte> Name(StoreBucket bucket) => bucket switch
    {
        StoreBucket.Key => "key"u8,
        StoreBucket.Meta => "meta"u8,
        StoreBucket.Lease => "lease"u8,
        StoreBucket.Alarm => "alarm"u8,
        StoreBucket.Members => "members"u8,
        StoreBucket.MembersRemoved => "members_removed"u8,
        StoreBucket.Cluster => "cluster"u8,
        StoreBucket.Auth => "auth"u8,
        StoreBucket.AuthUsers => "authUsers"u8,
        StoreBucket.AuthRoles => "authRoles"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(bucket)),
    };
}
