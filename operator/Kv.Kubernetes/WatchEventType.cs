namespace Kv.Kubernetes;

public enum WatchEventType
{
    Added,
    Modified,

    /// <summary>The object is gone, or no longer what was asked for; it comes as it was last.</summary>
    Deleted,

    /// <summary>Nothing happened; the object holds only the resource version up to which that is so.</summary>
    Bookmark,
}
