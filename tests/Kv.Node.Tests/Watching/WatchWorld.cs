using System.Globalization;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>A store, a hub and clients in one thread, driven by chance: things change, watchers come and go, consumers
/// read or do not, streams break and are opened anew, history is compacted at any moment and the hub's lane runs when
/// it pleases. What each watcher is told is checked response by response against all that ever changed.</summary>
internal sealed class WatchWorld : IDisposable
{
    private static readonly string[] KeyNames = ["a", "b", "c", "d", "e", "f"];

    private readonly Random _random;
    private readonly MemoryStore _store = new();
    private readonly RealTwin? _twin;
    private readonly QueueLane _lane = new();
    private readonly WatchHub _hub;
    private readonly List<CheckedStream> _streams = [];
    private TimeSpan _now;

    /// <param name="isReal">Whether the hub is told by the real store and reads its history, which then does all that
    /// the one in memory does.</param>
    public WatchWorld(int seed, bool isReal = false)
    {
        _random = new Random(seed);
        _twin = isReal ? new RealTwin(seed) : null;
        var limits = new WatchLimits
        {
            StreamPendingBytesMax = _random.Next(1, 3000),
            StreamPendingBytesMin = 200,
            TotalPendingBytesMax = _random.Next(500, 10_000),
            ResponseBytesMax = _random.Next(50, 1000),
            ResponseRevisionsMax = _random.Next(1, 20),
            FragmentBytes = _random.Next(80, 400),
            CatchUpRevisionsMax = _random.Next(1, 20),
            CatchUpBytesMax = _random.Next(50, 1000),
            PublishedChangesMax = _random.Next(1, 40),
            RequestsMax = 10,
            ProgressInterval = TimeSpan.FromSeconds(1),
        };
        var identity = new WatchIdentity(1, 2, () => 3);
        _hub = new WatchHub((IHistory?)_twin ?? _store, _lane, identity, limits, new Random(seed));
        Connect();
        for (int stream = 0; stream < 4; stream++)
            _streams.Add(new CheckedStream(_hub, _store, limits));
    }

    public long Told => _streams.Sum(stream => stream.Told);

    public int Lost => _streams.Sum(stream => stream.Lost);

    public int ProgressHeard => _streams.Sum(stream => stream.ProgressHeard);

    public void Dispose() => _twin?.Dispose();

    public void Run(int steps)
    {
        for (int step = 0; step < steps; step++)
            Step();
    }

    /// <summary>Lets everyone read to the end; then every watcher must have been told all.</summary>
    public void Settle()
    {
        for (int turn = 0; turn < 1000; turn++)
        {
            _lane.RunAll();
            if (_streams.Sum(stream => stream.Read(int.MaxValue)) == 0 && _lane.IsIdle)
                break;
        }

        foreach (CheckedStream stream in _streams)
            stream.CheckComplete();
        Assert.Equal(0, _hub.Counters.PendingEvents);
        Assert.Equal(0, _hub.Counters.PendingBytes);
        Assert.Equal(0, _hub.Counters.SlowWatchers);
        Assert.Equal(_streams.Count, _hub.Counters.Streams);
        Assert.Equal(_streams.Sum(stream => stream.WatcherCount), _hub.Counters.Watchers);
    }

    private void Step()
    {
        CheckedStream stream = _streams[_random.Next(_streams.Count)];
        switch (_random.Next(20))
        {
            case < 8:
                Change();
                break;
            case < 12:
                _lane.RunOne();
                break;
            case < 15:
                stream.Read(_random.Next(20));
                break;
            case 15 or 16:
                stream.Create(RandomRequest());
                break;
            case 17:
                StepSeldom(stream);
                break;
            case 18 when _random.Next(2) == 0:
                stream.Stream.RequestProgress();
                break;
            case 18:
                _hub.Tick(_now += TimeSpan.FromSeconds(_random.NextDouble()));
                break;
            default:
                CompactSometimes(oneIn: 12);
                break;
        }
    }

    private void StepSeldom(CheckedStream stream)
    {
        switch (_random.Next(6))
        {
            case 0:
                stream.Reconnect();
                break;
            case 1:
                ChangeUnseen();
                break;
            default:
                stream.CancelOne(_random);
                break;
        }
    }

    private void Connect()
    {
        if (_twin is null)
        {
            _store.Sink = _hub;
            _store.OnRead = () => CompactSometimes(oneIn: 40);
        }
        else
        {
            _store.Twin = _twin;
            _twin.Store.Changes = _hub;
            _twin.OnRead = () => CompactSometimes(oneIn: 40);
        }
    }

    private void ChangeUnseen()
    {
        _twin?.Store.Changes = null;
        _store.Sink = null;
        Change();
        _hub.Restore(_store.CurrentRevision);
        Connect();
    }

    private void Change() => _store.Write(() =>
    {
        var changed = new HashSet<string>();
        for (int operation = _random.Next(1, 4); operation > 0; operation--)
        {
            string key = KeyNames[_random.Next(KeyNames.Length)];
            if (!changed.Add(key))
                continue;
            if (_random.Next(3) == 0)
                _store.DeleteInside(key);
            else
                _store.PutInside(key, new string('v', _random.Next(60)));
        }
    });

    private void CompactSometimes(int oneIn)
    {
        long oldest = Math.Max(_store.CompactRevision, 1);
        if (_random.Next(oneIn) != 0)
            return;
        long revision = _random.NextInt64(oldest, _store.CurrentRevision + 1);
        _store.Compact(revision);
        _twin?.Compact(revision);
    }

    private WatchCreate RandomRequest()
    {
        string key = KeyNames[_random.Next(KeyNames.Length)];
        string end = _random.Next(3) switch
        {
            0 => "",
            1 => "\0",
            _ => ((char)(key[0] + _random.Next(1, 4))).ToString(CultureInfo.InvariantCulture),
        };
        long start = _random.Next(3) == 0
            ? 0
            : _random.NextInt64(Math.Max(1, _store.CompactRevision - 2), _store.CurrentRevision + 4);
        return new WatchCreate(
            WatchRange.Of(MemoryStore.Bytes(key), MemoryStore.Bytes(end)),
            StartRevision: start,
            Filters: (WatchFilters)_random.Next(4) & (WatchFilters)_random.Next(4),
            WithPrevious: _random.Next(2) == 0,
            ProgressNotify: _random.Next(2) == 0,
            Fragment: _random.Next(3) == 0);
    }
}
