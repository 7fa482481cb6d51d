using Kv.Raft;

namespace Kv.Replication;

/// <summary>Rounds of reading: asked of the cluster, then waiting for this member to have applied what the cluster
/// named. One round is under way at a time; those that come meanwhile wait for it to be answered.
/// <para>Each round has a number that no other member gives: a leader that is an etcd of 3.6 or older knows the rounds
/// of all its followers by their numbers alone.</para></summary>
internal sealed class PendingReads(RequestIds ids, int ticksMax, int retryTicks)
{
    private readonly Queue<ReadBatch> _waiting = new();
    private readonly PriorityQueue<ReadBatch, ulong> _unapplied = new();
    private ReadBatch? _asked;
    private long _now;
    private long _askedAt;

    public void Add(ReadBatch batch, RaftNode raft)
    {
        batch.Deadline = _now + ticksMax;
        _waiting.Enqueue(batch);
        AskNext(raft);
    }

    /// <summary>The cluster named an index. Those who came while it was asked are asked for next.</summary>
    public void OnReadState(ReadState state, ulong applied, RaftNode raft)
    {
        if (_asked is not { } batch || batch.Context != state.Context)
            return; // an answer to a question that was given up
        _asked = null;
        if (applied >= state.Index)
            batch.Finish(ReadOutcome.Confirmed);
        else
            _unapplied.Enqueue(batch, state.Index);
        AskNext(raft);
    }

    public void OnApplied(ulong applied)
    {
        while (_unapplied.TryPeek(out _, out ulong index) && index <= applied)
            _unapplied.Dequeue().Finish(ReadOutcome.Confirmed);
    }

    /// <summary>Another leads: the round under way may have been lost with the one before. Its readers are told so, as
    /// in etcd, and ask again.</summary>
    public void OnLeader(RaftNode raft)
    {
        _asked?.Finish(ReadOutcome.LeaderChanged);
        _asked = null;
        AskNext(raft);
    }

    public void OnTick(RaftNode raft)
    {
        _now++;
        if (_asked is { } batch && batch.Deadline <= _now)
        {
            batch.Finish(ReadOutcome.TimedOut);
            _asked = null;
        }
        else if (_asked is not null && _now - _askedAt >= retryTicks)
        {
            Ask(raft, _asked);
        }

        AskNext(raft);
        while (_unapplied.TryPeek(out ReadBatch? late, out _) && late.Deadline <= _now)
            _unapplied.Dequeue().Finish(ReadOutcome.TimedOut);
    }

    private void AskNext(RaftNode raft)
    {
        while (_asked is null && _waiting.TryDequeue(out ReadBatch? batch))
        {
            if (batch.Deadline <= _now)
                batch.Finish(ReadOutcome.TimedOut);
            else
                Ask(raft, batch);
        }
    }

    private void Ask(RaftNode raft, ReadBatch batch)
    {
        batch.Context = ids.Next();
        _asked = batch;
        _askedAt = _now;
        raft.ReadIndex(batch.Context);
    }
}
