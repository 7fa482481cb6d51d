namespace Kv.Store;

/// <summary>Names an entry among all entries of all clusters.</summary>
internal readonly record struct EntryPlace(ulong ClusterId, ulong Index);
