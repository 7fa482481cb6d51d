using System.Diagnostics;
using Kv.Raft;
using Kv.Replication;

namespace Kv.Server.Tracing;

/// <summary>A span, <c>append</c>, for each batch of entries that this member makes durable, with the indexes it
/// holds. Each is a trace of its own: entries bring no trace with them, since their bytes between members are etcd's.
/// The log lane's.</summary>
internal sealed class AppendSpans : ITurnObserver
{
    private const string Name = "append";

    private Activity? _span;

    public void OnWriting(IReadOnlyList<Turn> batch)
    {
        if (Spans.AreWanted && batch.Any(turn => turn.Output.Entries.Count > 0))
            _span = Spans.Source.StartActivity(Name);
    }

    public void OnWritten(IReadOnlyList<Turn> batch)
    {
        if (_span is not { } span)
            return;
        _span = null;
        if (span.IsAllDataRequested)
        {
            Entry[] ends = [.. batch.Select(turn => turn.Output.Entries)
                .Where(entries => entries.Count > 0)
                .SelectMany(entries => new[] { entries[0], entries[^1] })];
            span.SetTag(RaftTags.Term, (long)ends[^1].Term)
                .SetTag(RaftTags.FirstIndex, (long)ends[0].Index)
                .SetTag(RaftTags.LastIndex, (long)ends[^1].Index);
        }

        span.Stop();
    }
}
