namespace Kv.Store;

/// <summary>What the index knows of a key as it was at some revision: enough to find its value and to answer all that
/// is not about value or lease.</summary>
internal readonly record struct KeyState(Revision Modified, long Created, long Version);
