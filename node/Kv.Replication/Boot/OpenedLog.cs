using Kv.Raft;
using Kv.Storage.Log;

namespace Kv.Replication;

/// <summary>A log that is ready to be appended to, and what Raft starts from.</summary>
public sealed record OpenedLog(LogWriter Writer, LogContents Contents, RestoredState State);
