namespace Kv.Simulation.Tests.Faults;

/// <summary>The ways in which the world may be wrong for a while.</summary>
internal enum FaultKind
{
    /// <summary>One host's messages do not reach another; the answers would.</summary>
    CutLink,

    /// <summary>The hosts are parted in two groups.</summary>
    Partition,

    /// <summary>One host, often that of the leader, is alone.</summary>
    Isolation,

    /// <summary>The leader is alone, and its clock is slow: it takes long to notice, and clients still come to
    /// it.</summary>
    DeafLeader,

    /// <summary>Nobody leads for long: whoever is elected is cut off, or loses its power, a moment later.</summary>
    BriefLeaders,

    /// <summary>Whoever is elected is soon not heard any more, after so many messages with entries, and is back before
    /// long: leaders hold entries that hardly anybody else has, and lead again with these (Raft, figure 8).</summary>
    MutedLeaders,

    /// <summary>Messages are lost, doubled and late everywhere.</summary>
    BadNetwork,

    /// <summary>The power of one host goes.</summary>
    Crash,

    /// <summary>The power of several hosts goes at once, perhaps of all.</summary>
    MassCrash,

    /// <summary>The power goes in the middle of one of the next changes of the disk.</summary>
    CrashAtDisk,

    /// <summary>The process ends, and what it wrote stays.</summary>
    Kill,

    /// <summary>The process stands still.</summary>
    Pause,

    /// <summary>The clock runs fast or slow.</summary>
    SkewedClock,

    /// <summary>Syncs take long.</summary>
    SlowDisk,

    /// <summary>The next sync fails.</summary>
    FailedSync,

    /// <summary>There is no room left.</summary>
    FullDisk,

    // The ones that follow are those of trials alone: see SimulationPlan.

    /// <summary>The power of a host goes when it has just noted in its log that there is a snapshot, its own or the
    /// leader's.</summary>
    CrashAtCheckpoint,

    /// <summary>When members are to be changed the leader is parted from the others, together with too few of them,
    /// after so many messages with entries: perhaps when it knows that the change is decided and they do
    /// not.</summary>
    PartingAtChange,
}
