using Kv.Simulation.Tests.Clients;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;

namespace Kv.Simulation.Tests.Faults;

/// <summary>Makes things go wrong, several at a time, and right again after a while.</summary>
internal sealed class FaultMaker
{
    private static readonly TimeSpan ShortLeast = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongMost = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan OfficeMost = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MutedMost = TimeSpan.FromSeconds(1.5);

    private const int AppendsMost = 5;

    private readonly SimulatedWorld _world;
    private readonly Cluster _cluster;
    private readonly ClientLink _clients;
    private readonly IReadOnlyList<FaultKind> _kinds;
    private readonly TimeSpan _pause;

    public FaultMaker(
        SimulatedWorld world,
        Cluster cluster,
        ClientLink clients,
        IReadOnlyList<FaultKind> kinds,
        TimeSpan pause)
    {
        _world = world;
        _cluster = cluster;
        _clients = clients;
        _kinds = kinds;
        _pause = pause;
        _partsAtChange = kinds.Contains(FaultKind.PartingAtChange);
        _cluster.Rules.TookOffice = OnTookOffice;
        Plan();
    }

    // Until then no leader is left in peace.
    private TimeSpan _unrestEnd;

    // The next change of the members is the occasion of a parting.
    private bool _partsAtChange;

    // Until then each is heard for a few messages only.
    private TimeSpan _mutingEnd;

    public bool IsStopped { get; private set; }

    public int Count { get; private set; }

    /// <summary>Makes no more, and ends all there are.</summary>
    public void Stop()
    {
        IsStopped = true;
        _clients.Loss = 0;
        _cluster.Heal();
    }

    /// <summary>Somebody is about to ask for a change of the members.</summary>
    public void OnChangeAsked()
    {
        if (IsStopped || !_partsAtChange || _cluster.Hosts.FirstOrDefault(IsLeading) is not { } leader)
            return;
        _partsAtChange = false;
        _cluster.Network.Limit(leader.Id, _world.Random.Next(1, AppendsMost), () =>
        {
            if (!IsStopped)
                PartWithFew(leader);
        });
    }

    private void Plan() => _world.After(_pause * (2 * _world.Random.NextDouble()), () =>
    {
        if (IsStopped || _kinds.Count == 0)
            return;
        Make(_world.Pick(_kinds));
        Plan();
    });

    private void Make(FaultKind kind)
    {
        Count++;
        IReadOnlyList<Host> hosts = _cluster.Hosts;
        Host host = _world.Pick(hosts);
        _world.Trace.Note(_world.Now, host.Id, TraceKind.Fault, (long)kind, more: kind);
        switch (kind)
        {
            case FaultKind.CutLink:
                Cut([(host.Id, _world.Pick(hosts).Id)], LongMost);
                break;
            case FaultKind.Partition:
                Part([.. hosts.Where(_ => _world.Chance(0.5))]);
                break;
            case FaultKind.Isolation:
                Part([hosts.FirstOrDefault(IsLeading) is { } leader && _world.Chance(0.5) ? leader : host]);
                break;
            case FaultKind.DeafLeader:
                MakeDeaf(hosts.FirstOrDefault(IsLeading) ?? host);
                break;
            case FaultKind.BriefLeaders:
                _unrestEnd = _world.Now + _world.Between(OfficeMost, 3 * LongMost);
                DisturbLeader();
                break;
            case FaultKind.MutedLeaders:
                _mutingEnd = _world.Now + _world.Between(OfficeMost, 3 * LongMost);
                DisturbLeader();
                break;
            case FaultKind.BadNetwork:
                MakeNetworkBad();
                break;
            case FaultKind.Crash:
                host.Crash();
                break;
            case FaultKind.MassCrash:
                foreach (Host each in hosts.Where(_ => _world.Chance(0.7)))
                    each.Crash();
                break;
            case FaultKind.CrashAtDisk:
                host.Disk.CrashAtOperation = host.Disk.OperationCount + _world.Random.Next(1, 60);
                break;
            case FaultKind.Kill:
                host.Kill();
                break;
            case FaultKind.Pause:
                Pause(host);
                break;
            case FaultKind.SkewedClock:
                host.Clock.Rate = 0.5 + (1.5 * _world.Random.NextDouble());
                break;
            case FaultKind.SlowDisk:
                host.SyncPace.Factor = _world.Random.Next(2, 200);
                Later(() => host.SyncPace.Factor = 1);
                break;
            case FaultKind.FailedSync:
                host.Disk.FailNextSync = true;
                break;
            case FaultKind.FullDisk:
                host.Disk.CapacityBytes = host.Disk.UsedBytes + _world.Random.Next(100_000);
                Later(() => host.Disk.CapacityBytes = long.MaxValue);
                break;
            case FaultKind.CrashAtCheckpoint:
                host.CrashesAtCheckpoint = true;
                break;
            case FaultKind.PartingAtChange:
                _partsAtChange = true;
                break;
        }
    }

    // Were two members fewer the majority, these would be one, and the others are one as it is.
    private void PartWithFew(Host leader)
    {
        Host[] others = [.. _cluster.Hosts.Where(host => host != leader)];
        _world.Random.Shuffle(others);
        _world.Trace.Note(_world.Now, leader.Id, TraceKind.Fault, more: "parted at a change");
        Part([leader, .. others.Take((others.Length / 2) - 1)]);
    }

    private void MakeDeaf(Host leader)
    {
        double rate = 0.2 + (0.6 * _world.Random.NextDouble());
        leader.Clock.Rate = rate;
        Later(() => leader.Clock.Rate = 1);
        Part([leader]);
    }

    // Whoever leads already, or there would be no election for a long time.
    private void DisturbLeader()
    {
        if (_cluster.Hosts.FirstOrDefault(IsLeading) is { } leader)
            OnTookOffice(leader.Id);
    }

    // Mostly at once, when it has sent little of what it has, and now and then somewhat later.
    private void OnTookOffice(ulong member)
    {
        if (IsStopped || _cluster.Find(member) is not { } leader)
            return;
        if (_world.Now < _mutingEnd)
            _cluster.Network.Limit(member, AppendsOfMuted(), () => Mute(leader));
        if (_world.Now < _unrestEnd)
            CutShort(leader);
    }

    // Often none at all, so that what it took over and its own first entry are nowhere else.
    private int AppendsOfMuted() => _world.Chance(0.5) ? 0 : _world.Random.Next(1, AppendsMost);

    // It still hears the others, mostly.
    private void Mute(Host leader)
    {
        Count++;
        _world.Trace.Note(_world.Now, leader.Id, TraceKind.Fault, more: "muted");
        bool isDeaf = _world.Chance(0.3);
        var links = new List<(ulong, ulong)>();
        foreach (Host other in _cluster.Hosts.Where(other => other != leader))
        {
            links.Add((leader.Id, other.Id));
            if (isDeaf)
                links.Add((other.Id, leader.Id));
        }

        Cut(links, MutedMost);
    }

    private void CutShort(Host leader)
    {
        double share = _world.Random.NextDouble();
        _world.After(OfficeMost * (share * share * share), () =>
        {
            if (IsStopped)
                return;
            Count++;
            bool isCrash = _world.Chance(0.3);
            _world.Trace.Note(_world.Now, leader.Id, TraceKind.Fault, more: isCrash ? "crash" : "cut off");
            if (isCrash)
                leader.Crash();
            else
                Part([leader]);
        });
    }

    private static bool IsLeading(Host host) => host.Process is { View.IsLeader: true };

    // Sometimes one way only.
    private void Part(Host[] some)
    {
        var links = new List<(ulong, ulong)>();
        bool bothWays = _world.Chance(0.7);
        foreach (Host inside in some)
        {
            foreach (Host outside in _cluster.Hosts.Except(some))
            {
                links.Add((inside.Id, outside.Id));
                if (bothWays)
                    links.Add((outside.Id, inside.Id));
            }
        }

        Cut(links, LongMost);
    }

    private void Cut(List<(ulong From, ulong To)> links, TimeSpan most)
    {
        foreach ((ulong from, ulong to) in links)
            _cluster.Network[from, to].IsCut = true;
        _world.After(_world.Between(ShortLeast, most), () =>
        {
            foreach ((ulong from, ulong to) in links)
                _cluster.Network[from, to].IsCut = false;
        });
    }

    private void MakeNetworkBad()
    {
        Link[] links = [.. _cluster.Network.Links];
        double loss = 0.3 * _world.Random.NextDouble();
        foreach (Link link in links)
        {
            link.Loss = loss;
            link.Doubling = 0.3 * _world.Random.NextDouble();
            link.Slowness = _world.Random.Next(1, 100);
        }

        _clients.Loss = loss;
        Later(() =>
        {
            _clients.Loss = 0;
            foreach (Link link in links)
            {
                link.Loss = 0;
                link.Doubling = 0;
                link.Slowness = 1;
            }
        });
    }

    private void Pause(Host host)
    {
        if (host.Process is not { } process)
            return;
        process.Pause();
        Later(process.Resume);
    }

    private void Later(Action end) => _world.After(_world.Between(ShortLeast, LongMost), end);
}
