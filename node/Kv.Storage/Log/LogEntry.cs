namespace Kv.Storage.Log;

/// <summary>An entry of the replicated log (raftpb.Entry). <paramref name="Type"/> is 0 for a command, 1 and 2 for a
/// change of members.</summary>
public readonly record struct LogEntry(int Type, ulong Term, ulong Index, ReadOnlyMemory<byte> Data);
