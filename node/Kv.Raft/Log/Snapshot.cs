namespace Kv.Raft;

/// <summary>Stands for the whole log up to <paramref name="Id"/>: the state of the store there, and who was in the
/// cluster (raftpb.Snapshot). The store's own content travels beside it, not in it.</summary>
/// <param name="Data">What etcd puts into the message itself; opaque here.</param>
public sealed record Snapshot(EntryId Id, ConfState Conf, ReadOnlyMemory<byte> Data = default);
