using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>The page file that a view looks at. When a snapshot from the leader takes its place the backend has
/// another one, and whoever holds this one can tell.</summary>
internal sealed class StoreFile(PageFile pages)
{
    public PageFile Pages => pages;

    /// <summary>The last entry whose effects are committed. The commit lane's.</summary>
    public ulong CommittedIndex { get; set; }
}
