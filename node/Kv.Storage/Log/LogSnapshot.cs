namespace Kv.Storage.Log;

/// <summary>Says that everything up to <paramref name="Index"/> is in the store, so that a reader may begin there
/// (walpb.Snapshot). etcd 3.4 writes it without <paramref name="ConfState"/>; the one at index 0, with which each log
/// begins, never has it.</summary>
public readonly record struct LogSnapshot(ulong Index, ulong Term, LogConfState? ConfState);
