namespace Kv.Store;

/// <summary><c>Compare.CompareResult</c>.</summary>
public enum CompareResult
{
    Equal = 0,
    Greater = 1,
    Less = 2,
    NotEqual = 3,
}
