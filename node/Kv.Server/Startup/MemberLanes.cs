using Kv.Replication;

namespace Kv.Server.Startup;

/// <summary>The threads of a member, but for that of the replica and that of the log, which have their own loops. See
/// the table of lanes in node/README.md.</summary>
internal sealed class MemberLanes(Action<string, Exception> onFault) : IDisposable
{
    public ThreadLane Apply { get; } = new("apply", onFault);

    public ThreadLane Commit { get; } = new("commit", onFault);

    public ThreadLane Compaction { get; } = new("compaction", onFault);

    public ThreadLane Watch { get; } = new("watch", onFault);

    /// <summary>Ends each after what was posted to it; those that feed others first.</summary>
    public void Dispose()
    {
        Apply.Dispose();
        Compaction.Dispose();
        Watch.Dispose();
        Commit.Dispose();
    }
}
