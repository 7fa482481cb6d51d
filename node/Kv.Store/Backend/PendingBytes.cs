namespace Kv.Store;

/// <summary>Where in a <see cref="PendingArena"/> some bytes lie.</summary>
internal readonly record struct PendingBytes(int Chunk, int Offset, int Length);
