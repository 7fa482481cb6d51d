namespace Kv.Storage.Pages;

/// <summary>Shortens the file while it is in use. A round walks the whole tree, in many steps. The first packs thinly
/// filled leaves anew; the others move what lies beyond the length that the file should have. When the pages left
/// behind have become free (two commits later, and when older readers are gone) the high water mark sinks, and when
/// both meta pages say so the file is cut.
/// <para>Pages in a row need free pages in a row. When those at the end find none, a round clears the emptiest stretch
/// of the file, keeping what becomes free there from being taken, and the next moves runs into it.</para>
/// <code>
/// 1  |a|.|b|.|c|.|d|.|EEE|      E needs three in a row
/// 2  |a|.|. . . .|d|.|EEE|c|b|  c and b are moved out of the way, if need be to the end
/// 3  |a|.|EEE|.|d|.|.....|c|b|
/// 4  |a|b|EEE|c|d|              and the file is cut
/// </code></summary>
internal sealed class Compactor(PageFile file)
{
    // A file in use needs some free pages to write to.
    private const long SlackMin = 16;
    private const long SlackPart = 64;
    private const int RoundsMax = 100;
    private const int FruitlessRoundsMax = 3;
    private const int StretchPagesMax = 4096;

    private Phase _phase = Phase.Idle;
    private CompactionZone _zone;
    private readonly HashSet<byte[]> _nesting = new(KeyComparer.Instance);
    private List<byte[]> _resume = [];
    private ulong _roundEnd; // the last commit when the round came to its end
    private ulong _lowestEnd;
    private int _rounds;
    private int _fruitlessRounds;
    private int _longestStuck;
    private long _stuckPages;

    private enum Phase
    {
        Idle,
        Moving,
        Settling,
        Finishing,
    }

    private FreePages Free => file.Pool.Free;

    private ulong HighWater => file.Current.Meta.HighWater;

    public CompactionStep Step(int pagesMax)
    {
        switch (_phase)
        {
            case Phase.Idle:
                _nesting.Clear();
                _rounds = 0;
                _fruitlessRounds = 0;
                _lowestEnd = HighWater;
                StartRound(CompactionZone.Thin);
                return Going(0);
            case Phase.Moving:
                return Going(Move(pagesMax));
            case Phase.Settling:
                return Settle();
            default:
                return Finish();
        }
    }

    private void ChooseRound()
    {
        ulong wanted = WantedEnd();
        Free.Unbar();
        if (HighWater <= wanted || _rounds == RoundsMax || _fruitlessRounds > FruitlessRoundsMax)
        {
            _phase = Phase.Finishing;
            return;
        }

        bool isCleared = _zone.Goal == CompactionGoal.ClearStretch;
        if (!isCleared && _longestStuck > 0 && TryChooseStretch(wanted, out var stretch))
        {
            Free.Bar(stretch.From, stretch.To);
            StartRound(stretch);
        }
        else
        {
            // A stretch was cleared for the longer runs.
            StartRound(CompactionZone.End(wanted, runMin: isCleared ? 2 : 1));
        }
    }

    private void StartRound(CompactionZone zone)
    {
        _zone = zone;
        _rounds++;
        _resume = [];
        _longestStuck = 0;
        _stuckPages = 0;
        _phase = Phase.Moving;
    }

    private int Move(int pagesMax)
    {
        using var transaction = file.BeginCompaction();
        var walk = new CompactionWalk(transaction, _zone, pagesMax, _nesting);
        var resume = walk.Run(_resume);
        _longestStuck = Math.Max(_longestStuck, walk.LongestStuck);
        _stuckPages += walk.StuckPages;
        if (walk.MovedPages > 0)
            transaction.Commit();

        _resume = resume ?? [];
        if (resume is null)
        {
            _roundEnd = file.Current.Id;
            _phase = Phase.Settling;
        }

        return walk.MovedPages;
    }

    private CompactionStep Settle()
    {
        using var transaction = file.BeginCompaction();

        // What the round left behind is free once no state from before its end is pinned.
        bool isSettled = file.Pool.States[0].Id >= _roundEnd;
        bool canSink = Free.Contains(new PageId(HighWater - 1));
        if (canSink || (!isSettled && !HasOldReaders()))
        {
            transaction.Commit();
            return Going(0);
        }

        if (!isSettled)
            return new CompactionStep(CompactionProgress.WaitingForReaders, 0, file.FileBytes);

        bool isFruitful = HighWater < _lowestEnd;
        _fruitlessRounds = isFruitful ? 0 : _fruitlessRounds + 1;
        _lowestEnd = Math.Min(_lowestEnd, HighWater);
        ChooseRound();
        return Going(0);
    }

    private CompactionStep Finish()
    {
        // The older meta page must no longer lead beyond the new end.
        var states = file.Pool.States;
        if (states.Count > 1 && states[^2].Meta.HighWater > HighWater)
        {
            using var transaction = file.BeginCompaction();
            transaction.Commit();
            return Going(0);
        }

        _phase = Phase.Idle;
        file.Pool.Reclaim();
        bool isFreed = file.Pool.States.All(state => state.Meta.HighWater <= HighWater);
        file.ShrinkToFit();
        var progress = isFreed ? CompactionProgress.Done : CompactionProgress.WaitingForReaders;
        return new CompactionStep(progress, 0, file.FileBytes);
    }

    private bool TryChooseStretch(ulong wanted, out CompactionZone stretch)
    {
        long width = Math.Clamp(_stuckPages, 2L * _longestStuck, Math.Max(StretchPagesMax, 2L * _longestStuck));
        bool isFound = Free.TryFindEmptiest((int)Math.Min(width, (long)wanted), wanted, out var start, out var end);
        stretch = CompactionZone.Stretch(start, end);
        return isFound;
    }

    /// <summary>The length to aim at: what is in use, and some room to work in.</summary>
    private ulong WantedEnd()
    {
        file.Pool.Reclaim();
        long used = (long)HighWater - Free.Count - file.Pool.WaitingCount;
        return (ulong)(used + Math.Max(SlackMin, used / SlackPart));
    }

    // The last two states are the meta pages'.
    private bool HasOldReaders() => file.Pool.States.Count > 2 && file.Pool.States[0].Id < _roundEnd;

    private CompactionStep Going(int moved) => new(CompactionProgress.Going, moved, file.FileBytes);
}
