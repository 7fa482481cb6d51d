namespace Kv.Store;

/// <summary><c>RangeRequest.SortTarget</c>.</summary>
public enum SortTarget
{
    Key = 0,
    Version = 1,
    Create = 2,
    Mod = 3,
    Value = 4,
}
