namespace Kv.Server.Tracing;

/// <summary>By what spans of different members can be put together: the place in the log is the same on all of
/// them.</summary>
internal static class RaftTags
{
    public const string Term = "kv.raft.term";
    public const string Index = "kv.raft.index";
    public const string FirstIndex = "kv.raft.first_index";
    public const string LastIndex = "kv.raft.last_index";
}
