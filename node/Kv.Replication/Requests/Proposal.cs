using System.Threading.Tasks.Sources;
using Kv.Store;

namespace Kv.Replication;

/// <summary>One request on its way through the log, and who waits for its outcome. It travels with its log entry, so
/// that the apply lane finds it without looking it up, and comes back to a pool when its outcome was read.
/// <para>Two may want to end it: the apply lane, and the replica when time is up. Whoever claims it first may write
/// the outcome; the other leaves it alone. One that ran out of time is not pooled, because its entry may still be in
/// the log and name it.</para></summary>
public sealed class Proposal : IValueTaskSource<KvError>
{
    private const long Waiting = 1;
    private const long RoundStep = 2;

    // Continuations run where the outcome is told: the completer tells a whole batch on one pool thread.
    private ManualResetValueTaskSourceCore<KvError> _outcome;

    // The round times two, and one more while somebody waits: claiming and checking the round are one step.
    private long _state;

    /// <summary>The bytes of the log entry; owned by the log from the moment of proposing.</summary>
    public ReadOnlyMemory<byte> Entry { get; private set; }

    /// <summary>What the apply lane answers.</summary>
    public Reply Reply { get; } = new();

    /// <summary>When it was applied here, by the clock of whoever observes that; 0 if it was not, or nobody
    /// does.</summary>
    public long AppliedAt { get; internal set; }

    /// <summary>Who is told how far it has come; mostly nobody.</summary>
    internal IProposalTrace? Trace { get; private set; }

    /// <summary>Which use of this pooled object this is; see <see cref="TryClaim"/>.</summary>
    internal long Round => Volatile.Read(ref _state) / RoundStep;

    internal bool MayBePooled { get; private set; }

    internal KvError Error { get; private set; }

    private bool IsInBacklog { get; set; }

    /// <summary>Makes it ready for a request; the task is to be awaited once.</summary>
    public ValueTask<KvError> Begin(ReadOnlyMemory<byte> entry, IProposalTrace? trace = null)
    {
        Entry = entry;
        Trace = trace;
        Reply.Clear();
        MayBePooled = true;
        AppliedAt = 0;
        _outcome.Reset();
        Volatile.Write(ref _state, ((Round + 1) * RoundStep) + Waiting);
        return new ValueTask<KvError>(this, _outcome.Version);
    }

    public KvError GetResult(short token) => _outcome.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _outcome.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _outcome.OnCompleted(continuation, state, token, flags);

    /// <summary>Whether nobody has ended that round yet.</summary>
    internal bool IsWaiting(long round) => Volatile.Read(ref _state) == (round * RoundStep) + Waiting;

    /// <summary>Takes the right to end this round; false if another has it, or the round is over.</summary>
    internal bool TryClaim(long round)
    {
        long ended = round * RoundStep;
        return Interlocked.CompareExchange(ref _state, ended, ended + Waiting) == ended + Waiting;
    }

    /// <summary>For whoever claimed it: what <see cref="Tell"/> will say.</summary>
    internal void Settle(KvError error, bool entryMayStillCome)
    {
        Error = error;
        MayBePooled = !entryMayStillCome;
    }

    internal void EnterBacklog() => IsInBacklog = true;

    /// <summary>Whether it was in the backlog; it is not any more.</summary>
    internal bool TryLeaveBacklog()
    {
        bool was = IsInBacklog;
        IsInBacklog = false;
        return was;
    }

    internal void Tell() => _outcome.SetResult(Error);
}
