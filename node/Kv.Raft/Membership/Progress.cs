namespace Kv.Raft;

/// <summary>How a leader sends to a follower.</summary>
public enum ProgressState
{
    /// <summary>Where the logs agree is not known: one message at a time, until one is accepted.</summary>
    Probe,

    /// <summary>They agree: messages follow each other without waiting for answers, within the bounds of
    /// <see cref="Inflights"/>.</summary>
    Replicate,

    /// <summary>What it lacks is no longer in the log: nothing is sent until a snapshot has arrived or
    /// failed.</summary>
    Snapshot,
}

/// <summary>What a leader knows of one member's log, and how a candidate was answered by it.
/// <code>
///   durable there       on its way         to be sent
/// ───────────────┤ Match ........ Next ├─────────────── last index
/// </code>
/// Match is a fact and only grows; Next is a guess, which a refusal or silence takes back to Match.</summary>
internal sealed class Progress(NodeId id, Inflights inflights)
{
    // No higher commit index than this was sent, or one was sent with entries that may be lost.
    private ulong _sentCommit;

    private bool _isFlowPaused;

    public NodeId Id => id;

    public bool IsLearner { get; set; }

    public ProgressState State { get; private set; } = ProgressState.Probe;

    public ulong Match { get; private set; }

    public ulong Next { get; private set; } = 1;

    public ulong PendingSnapshot { get; private set; }

    /// <summary>Whether it was heard from since the quorum was last checked.</summary>
    public bool IsActive { get; set; }

    /// <summary>Whether an append is to be sent even if it has nothing new in it.</summary>
    public bool IsProbeDue { get; set; }

    /// <summary>What it said to the candidacy under way, if it answered.</summary>
    public bool? Vote { get; set; }

    /// <summary>The last round of reads whose heartbeat it has answered; see <see cref="ReadOnlyQueue"/>.</summary>
    public ulong AckedRound { get; set; }

    public int InflightCount => inflights.Count;

    public bool IsPaused => State == ProgressState.Snapshot || _isFlowPaused;

    /// <summary>Whether the next append must go without entries, because too many are unacknowledged. That it goes at
    /// all is how a follower whose answers were lost gets to repeat them.</summary>
    public bool IsThrottled => State == ProgressState.Replicate && inflights.IsFull;

    /// <summary>Forgets everything, at the beginning of a term.</summary>
    public void Reset(ulong next)
    {
        SetState(ProgressState.Probe);
        Match = 0;
        Next = next;
        IsActive = false;
        IsProbeDue = false;
        Vote = null;
        AckedRound = 0;
        _sentCommit = 0;
    }

    public void BecomeProbe()
    {
        ulong next = State == ProgressState.Snapshot ? Math.Max(Match, PendingSnapshot) + 1 : Match + 1;
        SetState(ProgressState.Probe);
        SetNext(next);
    }

    public void BecomeReplicate()
    {
        SetState(ProgressState.Replicate);
        Next = Match + 1;
    }

    public void BecomeSnapshot(ulong index)
    {
        SetState(ProgressState.Snapshot);
        PendingSnapshot = index;
        Next = index + 1;
        _sentCommit = index;
    }

    /// <summary>Gives up the snapshot that is being sent, so that it is tried anew.</summary>
    public void FailSnapshot() => PendingSnapshot = 0;

    /// <summary>Nothing more until the follower is heard from.</summary>
    public void Pause() => _isFlowPaused = true;

    public void Resume() => _isFlowPaused = false;

    /// <summary>Whether the follower may not have heard of the commit index, and would learn something from it: an
    /// index beyond all it was sent is of no use to it.</summary>
    public bool LacksCommit(ulong committed) => committed > _sentCommit && _sentCommit < Next - 1;

    public void OnAppendSent(int entries, long bytes, ulong committed)
    {
        if (State == ProgressState.Replicate)
        {
            if (entries > 0)
            {
                Next += (ulong)entries;
                inflights.Add(Next - 1, bytes);
            }

            _isFlowPaused = inflights.IsFull;
        }
        else
        {
            Invariant.Require(State == ProgressState.Probe);
            _isFlowPaused = true;
        }

        IsProbeDue = false;
        _sentCommit = committed;
    }

    /// <summary>Takes in that the log agrees up to <paramref name="index"/>; false if that is no news.</summary>
    public bool TryAdvance(ulong index)
    {
        if (index <= Match)
            return false;

        Match = index;
        Next = Math.Max(Next, index + 1);
        _isFlowPaused = false;
        return true;
    }

    /// <summary>Moves an accepted follower on to the stream of entries.</summary>
    public void OnAccepted(ulong index, ulong firstKept)
    {
        if (State == ProgressState.Replicate)
            inflights.FreeThrough(index);
        else if (State == ProgressState.Probe || Match + 1 >= firstKept)
            BecomeReplicate(); // A snapshot, too, is done with once the log can take over from where it is.
    }

    /// <summary>Takes back Next after a refusal of the append that followed entry <paramref name="rejected"/>; false if
    /// that is an old answer, overtaken by later ones.</summary>
    public bool TryBackOff(ulong rejected, ulong hint)
    {
        if (State == ProgressState.Replicate)
        {
            if (rejected <= Match)
                return false;
            SetNext(Match + 1);
            return true;
        }

        // A probe is one message at a time, so the answer to it names its index; and it is not refused where it
        // matches.
        if (Next - 1 != rejected || rejected <= Match)
            return false;

        SetNext(Math.Max(Math.Min(rejected, hint + 1), Match + 1));
        _isFlowPaused = false;
        return true;
    }

    private void SetState(ProgressState state)
    {
        State = state;
        PendingSnapshot = 0;
        _isFlowPaused = false;
        inflights.Clear();
    }

    private void SetNext(ulong next)
    {
        Next = next;
        _sentCommit = Math.Min(_sentCommit, next - 1);
    }
}
