using System.Collections.Concurrent;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>What the operator remembers of a cluster from look to look without writing it down. Losing it costs time
/// and nothing else.</summary>
public sealed class ClusterMemory
{
    /// <summary>Looks closer together than this are one look: a learner that was close twice has kept up.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ulong, (int Looks, long At)> _caughtUp = [];
    private string _awaited = "";
    private TimeSpan _pause;

    /// <summary>The cluster object that this is about.</summary>
    public string Uid { get; init; } = "";

    public int LeaderMoveFailures { get; set; }

    /// <summary>Hashes of shared objects as they were last applied, by kind and name.</summary>
    public ConcurrentDictionary<string, string> Applied { get; } = new();

    /// <summary>What the API refused when it was last tried.</summary>
    public ClusterAction? Refused { get; set; }

    /// <summary>The last event, so that the same is not told again each second.</summary>
    public (string Reason, string Text) LastEvent { get; set; }

    /// <summary>How long to wait until the next look at what is waited for: most of it comes at once or takes long, so
    /// the first looks are close together.</summary>
    /// <param name="most">What the plan asks for.</param>
    public TimeSpan PauseBeforeNext(string awaited, TimeSpan most)
    {
        _pause = _awaited == awaited ? _pause * 1.5 : FirstPause;
        _awaited = awaited;
        if (_pause > most)
            _pause = most;
        return _pause;
    }

    /// <summary>Counts the looks in a row in which a member was caught up.</summary>
    public int CountCaughtUp(ulong id, bool isCaughtUp, TimeProvider clock)
    {
        long now = clock.GetTimestamp();
        if (!isCaughtUp)
        {
            _caughtUp.Remove(id);
            return 0;
        }

        bool isKnown = _caughtUp.TryGetValue(id, out (int Looks, long At) before);
        if (isKnown && clock.GetElapsedTime(before.At, now) < BetweenLooks)
            return before.Looks;
        _caughtUp[id] = (before.Looks + 1, now);
        return before.Looks + 1;
    }
}
