using Kv.Raft;
using Kv.Replication;
using Kv.Simulation.Tests.Faults;
using Kv.Simulation.Tests.Hosts;
using Kv.Storage.Log;

namespace Kv.Simulation.Tests;

/// <summary>What a run is like, as its seed has it. Each leaves out most kinds of faults: where everything goes wrong
/// all the time nothing ever gets far enough to go wrong in an interesting way.</summary>
internal sealed record SimulationPlan
{
    private const double FaultKindChance = 0.3;
    private const int Kinds = 6;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan NearDelay = TimeSpan.FromMilliseconds(0.3);

    public required int Founders { get; init; }

    public required int Clients { get; init; }

    public required int Watchers { get; init; }

    public required int Keys { get; init; }

    /// <summary>Between two requests of a client, on average.</summary>
    public required TimeSpan ClientPause { get; init; }

    /// <summary>How long clients are at work and faults are made.</summary>
    public required TimeSpan Duration { get; init; }

    public required IReadOnlyList<FaultKind> FaultKinds { get; init; }

    /// <summary>Between two faults, on average.</summary>
    public required TimeSpan FaultPause { get; init; }

    public required bool ChangesMembers { get; init; }

    /// <summary>Whether changes of the members are asked for two at a time.</summary>
    public bool ChangesTwoAtOnce { get; init; }

    public required bool HasLeases { get; init; }

    public required bool Compacts { get; init; }

    /// <summary>Whether all hosts lose their power when everything has settled.</summary>
    public required bool EndsWithCrash { get; init; }

    public required HostOptions Hosts { get; init; }

    /// <summary>How long a message takes to another host, usually.</summary>
    public required TimeSpan LinkDelay { get; init; }

    public static SimulationPlan Draw(Random random)
    {
        int kind = random.Next(Kinds);
        bool isContest = kind == 0;
        int electionTicks = isContest ? random.Next(3, 6) : random.Next(2) == 0 ? 10 : random.Next(3, 10);

        // The larger it is the more elections collide; but they must still come to an end.
        TimeSpan delayMost = Tick * electionTicks / 10;
        TimeSpan delay = random.Next(2) == 0 ? NearDelay : delayMost * Math.Pow(random.NextDouble(), 3);
        SimulationPlan plan = Draw(random, electionTicks, delay > NearDelay ? delay : NearDelay);
        return kind switch
        {
            0 => plan.AsContest(random),
            1 => plan.AsTrialOfDisks(),
            2 => plan.AsTrialOfSnapshots(random),
            3 => plan.AsTrialOfMembers(random),
            _ => plan,
        };
    }

    // Power is lost again and again, mostly in the middle of a slow write.
    private SimulationPlan AsTrialOfDisks() => this with
    {
        FaultKinds = [FaultKind.CrashAtDisk, FaultKind.SlowDisk, FaultKind.MassCrash],
        FaultPause = TimeSpan.FromMilliseconds(400),
        ChangesMembers = false,
    };

    // The log is shortened to one segment, or two, every few entries, and members that lag behind for a moment need a
    // snapshot: power is lost in between.
    private SimulationPlan AsTrialOfSnapshots(Random random) => this with
    {
        FaultKinds = [FaultKind.CrashAtCheckpoint, FaultKind.CrashAtCheckpoint, FaultKind.Isolation, FaultKind.Crash],
        FaultPause = TimeSpan.FromMilliseconds(400),
        ChangesMembers = false,
        Hosts = Hosts with
        {
            Log = new LogOptions(SegmentBytes: random.Next(400, 3000)),
            Checkpoints = new CheckpointOptions(
                (ulong)random.Next(2, 20), SegmentsMax: random.Next(1, 3), SnapFilesMax: 2),
            Replica = Hosts.Replica with { CatchUpEntries = (ulong)random.Next(1, 5) },
            SendsSnapshotsLate = random.Next(2) == 0,
        },
    };

    // Of many voters two are taken out at once, and the leader is parted from most while it does so.
    private SimulationPlan AsTrialOfMembers(Random random) => this with
    {
        Founders = random.Next(3) == 0 ? 7 : 5,
        FaultKinds = [FaultKind.PartingAtChange, FaultKind.PartingAtChange, FaultKind.Isolation],
        FaultPause = TimeSpan.FromMilliseconds(500),
        ChangesMembers = true,
        ChangesTwoAtOnce = true,
    };

    // Few members that take turns at leading, each for a moment, and send their entries one by one.
    private SimulationPlan AsContest(Random random) => this with
    {
        Founders = random.Next(4) == 0 ? 5 : 3,
        FaultKinds = [FaultKind.MutedLeaders],
        FaultPause = TimeSpan.FromMilliseconds(500),
        ChangesMembers = false,
        Hosts = Hosts with { Raft = Hosts.Raft with { MessageBytesMax = 1 } },
    };

    private static SimulationPlan Draw(Random random, int electionTicks, TimeSpan linkDelay) => new()
    {
        LinkDelay = linkDelay,
        Founders = random.Next(20) switch
        {
            < 12 => 3,
            < 17 => 5,
            17 => 4,
            18 => 6,
            _ => 7,
        },
        Clients = random.Next(2, 7),
        Watchers = random.Next(1, 4),
        Keys = random.Next(2, 12),
        ClientPause = TimeSpan.FromMilliseconds(random.Next(20, 200)),
        Duration = TimeSpan.FromSeconds(random.Next(10, 25)),
        FaultKinds =
        [
            .. Enum.GetValues<FaultKind>().Where(
                kind => kind < FaultKind.CrashAtCheckpoint && random.NextDouble() < FaultKindChance),
        ],
        FaultPause = TimeSpan.FromMilliseconds(random.Next(200, 3000)),
        ChangesMembers = random.Next(3) == 0,
        HasLeases = random.Next(3) == 0,
        Compacts = random.Next(2) == 0,
        EndsWithCrash = random.Next(2) == 0,
        Hosts = DrawHosts(random, electionTicks),
    };

    private static HostOptions DrawHosts(Random random, int electionTicks) => new(
        new LogOptions(SegmentBytes: random.Next(4, 64) * 1024),
        new CheckpointOptions((ulong)random.Next(10, 300), SegmentsMax: random.Next(1, 4), SnapFilesMax: 2),
        new ReplicaOptions(
            Tick, RequestTicksMax: 70, ReadRetryTicks: 5, (ulong)random.Next(1, 100))
        {
            ElectionTicks = electionTicks,
        },
        new RaftOptions
        {
            Id = NodeId.None,
            Random = random,
            ElectionTicks = electionTicks,
            PreVote = random.Next(3) > 0,
            MessageBytesMax = random.Next(3) == 0 ? 1 : random.Next(100, 4000),
            InflightMessagesMax = random.Next(2, 100),
            CommittedBytesMax = random.Next(100, 4000),
        });
}
