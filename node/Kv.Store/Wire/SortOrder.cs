namespace Kv.Store;

/// <summary><c>RangeRequest.SortOrder</c>.</summary>
public enum SortOrder
{
    None = 0,
    Ascend = 1,
    Descend = 2,
}
