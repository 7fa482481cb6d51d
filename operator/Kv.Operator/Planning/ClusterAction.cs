using Kv.Operator.Planning.Rules;

namespace Kv.Operator.Planning;

/// <summary>Why nothing can be done until somebody, or time, changes the world. Each is a reason in the conditions of
/// the cluster, and has its paragraph in the README.</summary>
public enum Obstacle
{
    InvalidSpec,
    ForeignObject,
    CertManagerMissing,
    NotAllowed,
    UnexpectedMembers,
    DataLost,
    QuorumLost,
    QuorumAtRisk,
    RolloutStalled,
    StoreFull,
    Corrupt,
    RestoreFailed,
    RecoveryRefused,
    RecoveryFailed,
    UnsupportedVersion,
    UnexpectedVersion,
    MembersChanged,
    UpgradeSnapshotFailed,
    EtcdUnreachable,
    EtcdUntrusted,
    EtcdUnsupported,
    EtcdIsAnother,
}

/// <summary>How a member's process is told to start.</summary>
public enum PodStart
{
    /// <summary>Form a cluster of one. Said to the seed alone, and never again once the cluster's id is
    /// known.</summary>
    FormCluster,

    /// <summary>Join, having been added as a learner.</summary>
    JoinCluster,

    /// <summary>Go on with the data that is there. Told of no other member, so an emptied volume ends it at once
    /// rather than letting it vote without its memory.</summary>
    Resume,

    /// <summary>Keep a copy of the data, and go on as the only member, whoever else the data knows.</summary>
    Survive,
}

/// <summary>One thing to do to a cluster, and why. Each may be done twice: the operator can die between doing it and
/// seeing that it is done. <see cref="Intend"/> is what is written down before.</summary>
public abstract record ClusterAction(string Why)
{
    public virtual ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record;

    /// <summary>Whether it changes nothing in the world nor in the record.</summary>
    public virtual bool IsPassive => false;

    public sealed record Nothing(string Why) : ClusterAction(Why)
    {
        public override bool IsPassive => true;
    }

    public sealed record Wait(string Why, TimeSpan Recheck) : ClusterAction(Why)
    {
        public override bool IsPassive => true;
    }

    public sealed record Blocked(Obstacle Obstacle, string Why) : ClusterAction(Why)
    {
        public override bool IsPassive => true;
    }

    /// <summary>Adds the finalizer: from now on the cluster is not gone before we let it go.</summary>
    public sealed record TakeInHand(string Why) : ClusterAction(Why);

    public sealed record LetGo(string Why) : ClusterAction(Why);

    // What is only written down.

    public sealed record LatchCluster(ulong ClusterId, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record with { ClusterId = ClusterId };
    }

    public sealed record EndAdoption(string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record with { AdoptedAt = now };
    }

    public sealed record Join(string Member, int Serial, bool IsSeed, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record.ExpectingChange()
                .With(new MemberRecord(Member, Serial) { Since = now, IsSeed = IsSeed, Reason = Why }) with
            {
                NextSerial = Math.Max(record.NextSerial, Serial + 1),
            };
    }

    /// <summary>Writes down again what the record has lost.</summary>
    public sealed record Recall(string Member, int Serial, MemberPhase Phase, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record.ExpectingChange()
                .With(new MemberRecord(Member, Serial) { Since = now, Phase = Phase, Reason = Why }) with
            {
                NextSerial = Math.Max(record.NextSerial, Serial + 1),
            };
    }

    public sealed record EnterPhase(string Member, MemberPhase Phase, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record.ExpectingChange()
                .Change(Member, member => member with { Phase = Phase, Since = now, Reason = Why });
    }

    public sealed record Forget(string Member, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record.Without(Member);
    }

    public sealed record BeginRecovery(RecoveryRecord Recovery, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record with { Recovery = Recovery };
    }

    public sealed record AdvanceRecovery(RecoveryStep Step, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now)
        {
            ClusterRecord next = record with { Recovery = record.Recovery! with { Step = Step } };
            return Step switch
            {
                // It votes, whatever was to become of it.
                RecoveryStep.Forcing => next.Change(
                    record.Recovery.Survivor,
                    member => member with { Phase = MemberPhase.Ready, Since = now, Reason = Why }),

                // Another cluster is to form.
                RecoveryStep.Seeding => next with { ClusterId = 0 },
                _ => next,
            };
        }
    }

    public sealed record EndRecovery(string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record.Recovery is not { } recovery
                ? record
                : record with
                {
                    Recovery = null,
                    LastRecovery = new PastRecovery(recovery.Request, recovery.Number)
                    {
                        StartedAt = recovery.StartedAt,
                        EndedAt = now,
                        Outcome = Why,
                    },
                };
    }

    /// <summary>A snapshot that was asked for has been found right.</summary>
    public sealed record AcceptSnapshot(string Name, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record with
        {
            UpgradeSnapshot = record.UpgradeSnapshot! with { Step = UpgradeSnapshotStep.Verified },
        };
    }

    /// <summary>Members that run this image are taken to another without a snapshot.</summary>
    public sealed record SkipSnapshot(string From, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record with
        {
            UpgradeSnapshot = new UpgradeSnapshot(From, "", 0, now) { Step = UpgradeSnapshotStep.Skipped },
        };
    }

    // What is done to objects of Kubernetes.

    /// <summary>Asks for a snapshot before members that run an image are taken to another.</summary>
    public sealed record TakeSnapshot(string Name, int Attempt, DateTimeOffset At, string From, string Why)
        : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record with { UpgradeSnapshot = new UpgradeSnapshot(From, Name, Attempt, At) };
    }

    /// <summary>Takes a request for a recovery off the object, if it still says the same.</summary>
    public sealed record DropRequest(string Request, string Why) : ClusterAction(Why);

    /// <summary>Puts a volume aside in the recovery of this number: kept, and nobody's.</summary>
    public sealed record FenceVolume(string Member, string Uid, int Recovery, string Why) : ClusterAction(Why);

    public sealed record CreateVolume(string Member, string Why) : ClusterAction(Why);

    /// <summary>Writes on a volume whose data it holds.</summary>
    public sealed record MarkVolume(string Member, string Uid, ulong ClusterId, string Why) : ClusterAction(Why);

    public sealed record GrowVolume(string Member, string Uid, long Bytes, string Why) : ClusterAction(Why);

    public sealed record RetainVolume(string Member, string Uid, string Why) : ClusterAction(Why);

    public sealed record DeleteVolume(string Member, string Uid, string Version, string Why) : ClusterAction(Why);

    public sealed record CreatePod(string Member, PodStart Start, string InitialCluster, string Why)
        : ClusterAction(Why);

    /// <summary>Lets the Service of clients choose the pod.</summary>
    public sealed record OpenToClients(string Member, string Uid, string Why) : ClusterAction(Why);

    /// <summary>Deletes a pod that is not to come back, or that does not serve.</summary>
    public sealed record DeletePod(string Member, string Uid, string Version, string Why) : ClusterAction(Why);

    /// <summary>Deletes a pod so that a new one takes its place; before, the API is asked whether it would take the
    /// new one.</summary>
    public sealed record RestartPod(string Member, string Uid, string Version, string Why) : ClusterAction(Why)
    {
        /// <summary>The template that the new pod is to try; empty if it does not.</summary>
        public string RollsTo { get; init; } = "";

        /// <summary>Whether a member that does not serve is to be mended.</summary>
        public bool IsRepair { get; init; }

        /// <summary>The members as they are before it.</summary>
        public string MembersNow { get; init; } = "";

        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now)
        {
            ClusterRecord changed = record.Change(Member, member => IsRepair
                ? member with { Restarts = member.Restarts + 1, RestartedAt = now }
                : member with { RolledTo = RollsTo });
            return RollsTo.Length == 0
                ? changed
                : changed with { MembersBeforeRoll = RollRules.Remembered(RollsTo, MembersNow) };
        }
    }

    // What is asked of the cluster itself.

    public sealed record AddLearner(string Member, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record.ExpectingChange();
    }

    public sealed record Promote(string Member, ulong Id, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record.ExpectingChange();
    }

    public sealed record Remove(string Member, ulong Id, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) => record.ExpectingChange();
    }

    public sealed record MoveLeader(string From, string To, ulong ToId, string Why) : ClusterAction(Why);

    /// <summary>Gives up all history before the present revision.</summary>
    public sealed record Compact(string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record with { CompactedAt = now };
    }

    public sealed record Defragment(string Member, string Why) : ClusterAction(Why)
    {
        public override ClusterRecord Intend(ClusterRecord record, DateTimeOffset now) =>
            record.Change(Member, member => member with { DefragmentedAt = now });
    }

    public sealed record Disarm(ulong MemberId, AlarmKind Kind, string Why) : ClusterAction(Why);
}
