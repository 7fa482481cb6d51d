namespace Kv.Store;

/// <summary>The top-level buckets of the page file, by etcd's names.</summary>
public enum StoreBucket
{
    Key,
    Meta,
    Lease,
    Alarm,
    Members,
    MembersRemoved,
    Cluster,
    Auth,
    AuthUsers,
    AuthRoles,
}
