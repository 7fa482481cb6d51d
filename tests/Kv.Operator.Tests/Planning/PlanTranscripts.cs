using System.Globalization;
using System.Reflection;
using Kv.Operator.Planning;
using Kv.Testing;

namespace Kv.Operator.Tests.Planning;

/// <summary>Each rule of the plan as a table of cases: a cluster is described, and the plan asked. Members are healthy
/// voters of a formed cluster unless something else is said; times are seconds ago.</summary>
public sealed class PlanTranscripts
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1);
    private static readonly string[] Hidden =
        ["Why", "IsPassive", "Uid", "Version", "Recheck", "IsSeed", "MembersNow", "At"];

    private readonly List<PodFound> _pods = [];
    private readonly List<VolumeFound> _volumes = [];
    private readonly List<MemberEntry> _entries = [];
    private readonly List<MemberAnswer> _answers = [];
    private WantedCluster _wanted = new() { Name = "demo", Template = "new" };
    private FoundCluster _found = new() { Now = Now, Record = new ClusterRecord() };
    private bool _isListKnown = true;
    private ulong _leader;

    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plans_as_written(string path) => Transcript.Check(path, Answer);

    private string Answer(Command command)
    {
        switch (command.Verb)
        {
            case "cluster":
                Begin(command);
                return "";
            case "member":
                AddMember(command);
                return "";
            case "alarm":
                ulong id = command.Has("id") ? command.Number("id") : IdOf(command.Words[1]);
                _found = _found with { Alarms = [.. _found.Alarms, new AlarmFound(id, KindOf(command.Words[0]))] };
                return "";
            case "plan":
                return Plan();
            default:
                throw new InvalidDataException($"No command '{command.Verb}'.");
        }
    }

    private void Begin(Command command)
    {
        _pods.Clear();
        _volumes.Clear();
        _entries.Clear();
        _answers.Clear();
        _leader = 0;
        _isListKnown = !command.Has("unlisted");
        _wanted = new WantedCluster
        {
            Name = "demo",
            Template = "new",
            Replicas = (int)command.Number("replicas", 3),
            IsPaused = command.Has("paused"),
            IsDeleting = command.Has("deleting"),
            VolumeBytes = (long)command.Number("volume", 10),
            QuotaBytes = 1000,
            WhenScaled = command.Has("keep-scaled") ? VolumeFate.Retain : VolumeFate.Delete,
            WhenDeleted = command.Has("drop-deleted") ? VolumeFate.Delete : VolumeFate.Retain,
            DefragmentFromBytes = (long)command.Number("defragment", 0),
            Recovery = RecoveryRequest.Read(command.Text("recover", ""), "uid"),
            Version = VersionSteps.Parse(command.Text("version", "")),
            VersionRefusal = command.Has("refused") ? command.Text("refused") : null,
            Upgrade = command.Has("upgrade")
                ? new UpgradeWanted("node:1", command.Text("upgrade"))
                {
                    TakesSnapshot = !command.Has("bare"),
                    HasDestination = !command.Has("placeless"),
                }
                : null,
            Adopts = command.Has("adopts"),
            IsAdoptionFinal = command.Has("final"),
            Problem = command.Has("problem") ? command.Text("problem") : null,
        };
        _found = new FoundCluster
        {
            Now = Now,
            HasFinalizer = !command.Has("new"),
            CanVolumesGrow = !command.Has("rigid"),
            Source = command.Has("source") ? SourceOf(command.Text("source")) : null,
            LeaderMoveFailures = (int)command.Number("failed-moves", 0),
            UpgradeSnapshot = command.Has("snapshot") ? SnapshotFoundAs(command.Text("snapshot"), command) : null,
            IsSnapshotTaken = command.Has("snapshot-taken"),
            SnapshotProblem = command.Has("snapshot-problem") ? command.Text("snapshot-problem") : null,
            Record = new ClusterRecord
            {
                ClusterId = command.Has("unformed") || command.Has("new") ? 0UL : 7UL,
                NextSerial = (int)command.Number("next", 0),
                AdoptedAt = Ago(command, "adopted"),
                MembersBeforeRoll = command.Text("before-roll", "").Replace(',', ' '),
                UpgradeSnapshot = command.Has("attempt")
                    ? new UpgradeSnapshot(
                        command.Text("from", "node:1"), "demo-before", (int)command.Number("attempt"), Now)
                    {
                        Step = Enum.Parse<UpgradeSnapshotStep>(command.Text("took", "Taking"), ignoreCase: true),
                    }
                    : null,
                CompactedAt = Ago(command, "compacted"),
                QuorumLostSince = Ago(command, "quorum-lost"),
                Recovery = command.Has("step") ? RecoveryAt(command) : null,
            },
        };
    }

    /// <summary>As it was begun by what is asked for, or by what is given as <c>begun</c>.</summary>
    private static RecoveryRecord RecoveryAt(Command command)
    {
        RecoveryRequest begun = RecoveryRequest.Read(command.Text("begun", command.Text("recover", "")), "uid")!;
        return new RecoveryRecord(begun.Text, Number: 2)
        {
            Survivor = begun.Survivor,
            Snapshot = begun.Snapshot,
            Step = Enum.Parse<RecoveryStep>(command.Text("step"), ignoreCase: true),
            FirstSerial = (int)command.Number("next", 0),
        };
    }

    private void AddMember(Command command)
    {
        string name = command.Words[0];
        int serial = _wanted.SerialOf(name);
        if (command.Has("leader"))
            _leader = IdOf(name);
        if (serial >= 0 && !command.Has("unrecorded"))
            Record(command, name, serial);
        if (!command.Has("absent"))
        {
            _entries.Add(new MemberEntry(IdOf(name), name, $"http://{name}:2380")
            {
                IsLearner = command.Has("learner"),
                HasStarted = !command.Has("never-started"),
                TheirName = name,
            });
        }

        AddVolume(command, name);
        AddPod(command, name);
        string pod = command.Text("pod", "up");
        bool runs = pod == "up" || command.Has("answers");
        if (runs && !command.Has("silent"))
            AddAnswer(command, name);
    }

    private void Record(Command command, string name, int serial)
    {
        ClusterRecord record = _found.Record.With(new MemberRecord(name, serial)
        {
            Phase = Enum.Parse<MemberPhase>(command.Text("phase", "Ready"), ignoreCase: true),
            Since = Ago(command, "since") ?? Now,
            IsSeed = command.Has("seed"),
            SilentSince = Ago(command, "silent-for"),
            Restarts = (int)command.Number("restarts", 0),
            RestartedAt = Ago(command, "restarted"),
            RolledTo = command.Text("rolled-to", ""),
            DefragmentedAt = Ago(command, "defragmented"),
            Reason = "(as recorded)",
        });
        _found = _found with { Record = record with { NextSerial = Math.Max(record.NextSerial, serial + 1) } };
    }

    private void AddVolume(Command command, string name)
    {
        string volume = command.Text("volume", "ok");
        if (volume == "none" || name.StartsWith('~'))
            return;
        _volumes.Add(new VolumeFound(name, "v", "1")
        {
            IsOurs = volume != "foreign",
            IsTerminating = volume == "deleted",
            IsLost = volume == "lost",
            IsRetained = volume == "retained",
            MarkedFor = volume is "unmarked" or "foreign" ? 0UL : 7UL,
            RequestedBytes = (long)command.Number("requested", 10),
            CapacityBytes = (long)command.Number("capacity", command.Number("requested", 10)),
            AwaitsRestart = command.Has("awaits-restart"),
        });
    }

    private void AddPod(Command command, string name)
    {
        string pod = command.Text("pod", "up");
        if (pod == "none" || name.StartsWith('~'))
            return;
        _pods.Add(new PodFound(name, "p", "1")
        {
            IsOurs = pod != "foreign",
            Template = command.Text("template", "new"),
            CreatedAt = Ago(command, "age") ?? (Now - TimeSpan.FromHours(1)),
            IsTerminating = pod == "ending",
            IsFinished = pod == "finished",
            ReadySince = pod == "up" ? Ago(command, "ready") ?? (Now - TimeSpan.FromHours(1)) : null,
            InitialCluster = command.Text("told", ""),
            IsOpenToClients = !command.Has("closed"),
            Recovery = (int)command.Number("forced", 0),
            Zone = command.Text("zone", ""),
            Crashes = (int)command.Number("crashes", 0),
            Trouble = pod switch
            {
                "crashing" => PodTrouble.Crashing,
                "init-failing" => PodTrouble.InitFailing,
                "pending" => PodTrouble.Unschedulable,
                "imageless" => PodTrouble.ImageMissing,
                _ => PodTrouble.None,
            },
            TroubleText = pod is "up" or "ending" or "starting" or "finished" ? "" : pod,
        });
    }

    private void AddAnswer(Command command, string name) => _answers.Add(new MemberAnswer(name, IdOf(name), 7)
    {
        IsLearner = command.Has("learner"),
        LeaderId = command.Has("leaderless") ? 0UL : 1UL,
        RaftIndex = 10_000,
        AppliedIndex = 10_000 - command.Number("lag", 0),
        Term = 3,
        ServesReads = !command.Has("leaderless"),
        CaughtUpLooks = (int)command.Number("caught-up", 0),
        MembersSeen = command.Text("sees", "all"),
        Version = command.Text("runs", ""),
        ClusterVersion = command.Text("cluster-says", ""),
        DataVersion = command.Text("data", ""),
        StoreBytes = (long)command.Number("store", 100),
        StoreInUseBytes = (long)command.Number("used", 100),
    });

    private string Plan()
    {
        FoundCluster found = _found with
        {
            Pods = [.. _pods],
            Volumes = [.. _volumes],
            Members = _isListKnown ? [.. _entries] : null,
            Answers =
            [
                .. _answers.Select(each => each.LeaderId == 0 ? each : each with { LeaderId = _leader }),
            ],
        };
        (string rule, ClusterAction action) = ClusterPlan.Explain(_wanted, found);
        IEnumerable<string> details = action.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => !Hidden.Contains(property.Name))
            .Select(property => (property.Name, Value: $"{property.GetValue(action)}"))
            .Where(property => property.Value is not ("" or "False"))
            .Select(property => $" {property.Name}={property.Value}");
        return $"{action.GetType().Name}{string.Concat(details)}   [{rule}]\n  {action.Why}";
    }

    private static DateTimeOffset? Ago(Command command, string name) =>
        command.Has(name) ? Now - TimeSpan.FromSeconds(command.Number(name)) : null;

    /// <summary>A cluster of the id 7, or what is wrong with it.</summary>
    private static SourceFound SourceOf(string word) => word == "serves"
        ? new SourceFound(7)
        : new SourceFound(0) { Obstacle = Enum.Parse<Obstacle>(word, ignoreCase: true), Trouble = "(what is wrong)" };

    private static UpgradeSnapshotFound SnapshotFoundAs(string how, Command command) => new(how != "foreign")
    {
        IsGood = how == "good",
        EndedAt = how is "good" or "failed" ? Ago(command, "over") ?? Now : null,
        Trouble = how is "failed" or "pending" ? "(what is wrong)" : "",
    };

    private static AlarmKind KindOf(string word) => word == "nospace" ? AlarmKind.NoSpace : AlarmKind.Corrupt;

    /// <summary>demo-0 has the id 100; the members that are not ours have the id in their names.</summary>
    private static ulong IdOf(string name) => name.StartsWith('~')
        ? ulong.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)
        : 100 + ulong.Parse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
}
