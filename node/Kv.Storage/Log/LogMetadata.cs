namespace Kv.Storage.Log;

/// <summary>Whose log it is; stands at the head of each segment.</summary>
public readonly record struct LogMetadata(ulong NodeId, ulong ClusterId);
