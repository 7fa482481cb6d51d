namespace Kv.Store;

/// <summary><c>Compare.CompareTarget</c>.</summary>
public enum CompareTarget
{
    Version = 0,
    Create = 1,
    Mod = 2,
    Value = 3,
    Lease = 4,
}
