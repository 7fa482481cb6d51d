namespace Kv.Store;

/// <summary>One key put or deleted. <paramref name="KeyValue"/> is an encoded <c>mvccpb.KeyValue</c>: all of it for a
/// put, key and mod_revision for a deletion. Both memories belong to the garbage collector: they may be kept, and what
/// keeps one keeps the block it lies in (64 KiB, or more if the value is larger).</summary>
public readonly record struct Change(
    Revision Revision, bool IsDelete, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> KeyValue);
