using System.Buffers;
using Etcdserverpb;
using Kv.Simulation.Tests.Checks;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Store.Watching;
using Kv.Testing.Linearizability;
using Cluster = Kv.Simulation.Tests.Hosts.Cluster;

namespace Kv.Simulation.Tests.Clients;

/// <summary>Watches all keys, through one member after the other, and goes on each time where it was: it must be told
/// of each revision once, in order and without a gap, whatever becomes of the members; but for what a compaction
/// took away before it was told.</summary>
internal sealed class WatchingClient
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan UsualDelay = TimeSpan.FromMilliseconds(0.5);
    private static readonly byte[] AllKeys = [0];

    private readonly SimulatedWorld _world;
    private readonly Cluster _cluster;
    private readonly WatchedRevisions _watched;
    private readonly Pace _pace;
    private readonly int _number;
    private readonly double _moveChance;
    private MemberProcess? _process;
    private WatchStream? _stream;
    private TimeSpan _lastArrival;

    public WatchingClient(
        SimulatedWorld world, Cluster cluster, WatchedRevisions watched, int number, double moveChance)
    {
        _world = world;
        _cluster = cluster;
        _watched = watched;
        _number = number;
        _moveChance = moveChance;
        _pace = new Pace(world, UsualDelay);
        _world.After(Look, Keep);
    }

    /// <summary>The revision that it is to be told of next.</summary>
    public long Next { get; private set; } = 2;

    /// <summary>How often compactions were ahead of it.</summary>
    public int Misses { get; private set; }

    /// <summary>Opens a stream if there is none, and takes another member now and then.</summary>
    private void Keep()
    {
        _world.After(Look, Keep);
        if (_stream is not null && _process is { HasEnded: false } && !_world.Chance(_moveChance))
            return;

        Close();
        IReadOnlyList<MemberProcess> running = _cluster.Running;
        if (running.Count > 0)
            Open(_world.Pick(running));
    }

    private void Close()
    {
        WatchStream? old = _stream;
        if (old is not null && _process is { HasEnded: false } process)
            process.Do(old.Close);
        _stream = null;
        _process = null;
    }

    private void Open(MemberProcess process)
    {
        if (process.IsPaused)
            return;
        WatchStream? stream = null;
        stream = process.Member.Watches.OpenStream(() => process.After(process.Step(), () => Drain(process, stream!)));
        _process = process;
        _stream = stream;
        process.Note(TraceKind.Watched, _number, Next, "opened");
        process.Do(() => stream.Create(new WatchCreate(WatchRange.Of(default, AllKeys), StartRevision: Next)));
    }

    // What a member's thread does that writes to the client.
    private void Drain(MemberProcess process, WatchStream stream)
    {
        while (stream == _stream && stream.TryRead(out WatchOutput? output))
        {
            var encoded = new ArrayBufferWriter<byte>();
            output.WriteTo(encoded);
            WatchResponse response = WatchResponse.Parser.ParseFrom(encoded.WrittenSpan);

            // One connection: nothing overtakes.
            TimeSpan arrival = _world.Now + _pace.Draw();
            _lastArrival = arrival > _lastArrival ? arrival : _lastArrival;
            _world.After(_lastArrival - _world.Now, () => OnResponse(process, stream, response));
        }
    }

    private void OnResponse(MemberProcess process, WatchStream from, WatchResponse response)
    {
        if (from != _stream)
            return;
        if (response.Canceled)
        {
            OnCanceled(response);
            return;
        }

        for (int first = 0; first < response.Events.Count;)
        {
            long revision = response.Events[first].Kv.ModRevision;
            int end = first;
            while (end < response.Events.Count && response.Events[end].Kv.ModRevision == revision)
                end++;
            OnRevision(process, revision, [.. response.Events.Take(first..end).Select(EtcdMessages.ToChange)]);
            first = end;
        }

        if (response.Events.Count > 0)
            Require(response.Header.Revision >= Next - 1, $"a header of {response.Header.Revision}", process);
    }

    private void OnCanceled(WatchResponse response)
    {
        if (response.CompactRevision < Next)
            throw new SimulationFailedException($"watcher {_number} was sent away at {Next}: {response}");

        // Of the revision that was compacted at, some changes may be gone; of later ones none.
        Misses++;
        Next = response.CompactRevision + 1;
        Close();
    }

    private void OnRevision(MemberProcess process, long revision, ObservedChange[] changes)
    {
        Require(revision >= Next, $"revision {revision} again", process);
        bool mayMiss = revision == Next + 1 && _watched.IsCompactedAt(Next);
        Require(revision == Next || mayMiss, $"revision {revision}", process);
        Next = revision + 1;
        process.Note(TraceKind.Watched, _number, revision);
        _watched.Add(revision, changes, _world.Now, $"watcher {_number} of member {process.Host.Id}");
    }

    private void Require(bool isSo, string told, MemberProcess process)
    {
        if (!isSo)
        {
            throw new SimulationFailedException(
                $"watcher {_number} was to be told of revision {Next}, and was told by {process.Host.Id} of {told}");
        }
    }
}
