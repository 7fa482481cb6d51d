using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

/// <summary>A cluster, its kubelets and its API in one thread, just true enough to be got wrong: processes start late,
/// volumes vanish only when unmounted, changes of members reach voters one after the other, and data that is lost
/// is lost. What may never be asked of it throws <see cref="PlanBrokenException"/>.</summary>
public sealed class SimulatedCluster(Random random)
{
    private readonly List<MemberEntry> _config = [];
    private readonly Dictionary<ulong, int> _looksCaughtUp = [];
    private readonly Dictionary<string, DateTimeOffset> _silentUntil = [];
    private int _configVersion;
    private int _clustersFormed;
    private ulong _nextId = 100;
    private int _nextUid;
    private int _moveFailures;
    private ulong _leader;

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch;

    public required WantedCluster Wanted { get; set; }

    public ClusterRecord Record { get; set; } = new();

    public bool HasFinalizer { get; private set; }

    public HashSet<string> BadTemplates { get; } = [];

    public Dictionary<string, SimulatedPod> Pods { get; } = [];

    public Dictionary<string, SimulatedVolume> Volumes { get; } = [];

    public List<AlarmFound> Alarms { get; } = [];

    public IReadOnlyList<MemberEntry> Config => _config;

    /// <summary>One that began again with a snapshot is another.</summary>
    private ulong ClusterId => 6 + (ulong)_clustersFormed;

    private int VoterCount => _config.Count(entry => !entry.IsLearner);

    private int Size => (VoterCount / 2) + 1;

    private bool HasQuorum => VoterCount > 0 && HealthyVoters() >= Size;

    /// <summary>Whether a voter could lose its data now and the cluster would still have its quorum, and all it
    /// promised.</summary>
    public bool CanLoseDataOf(string member)
    {
        int others = _config.Count(entry => !entry.IsLearner && entry.Member != member && HasIntactData(entry.Member));
        return others >= Size;
    }

    public bool IsUp(string member) =>
        Pods.GetValueOrDefault(member) is { UpSince: not null } &&
        Volumes.GetValueOrDefault(member)?.Store is { } store &&
        _config.Any(entry => entry.Id == store.MemberId);

    public void Silence(string member, TimeSpan time) => _silentUntil[member] = Now + time;

    public void EndSilence() => _silentUntil.Clear();

    public void TakeOutBehindOurBack(string member)
    {
        if (_config.RemoveAll(entry => entry.Member == member) > 0)
            _configVersion++;
    }

    public FoundCluster Look(bool isStale, FoundCluster? earlier)
    {
        bool useEarlier = isStale && earlier is not null;
        MemberAnswer[] answers = [.. Volumes.Values.Where(volume => Answers(volume.Member)).Select(Answer)];
        bool isListed = HasQuorum && answers.Length > 0 && random.Next(50) != 0;
        return new FoundCluster
        {
            Now = Now,
            Record = Record,
            HasFinalizer = HasFinalizer,
            Pods = useEarlier ? earlier!.Pods : [.. Pods.Values.Select(pod => pod.Look())],
            Volumes = useEarlier ? earlier!.Volumes : [.. Volumes.Values.Select(volume => volume.Look())],
            Members = isListed ? [.. _config] : null,
            Answers = answers,
            Alarms = [.. Alarms],
            CanVolumesGrow = true,
            LeaderMoveFailures = _moveFailures,
        };
    }

    /// <summary>Lets time pass and processes, kubelets and voters go on.</summary>
    public void Tick()
    {
        Now += TimeSpan.FromSeconds(random.Next(1, 6));
        foreach (SimulatedPod pod in Pods.Values.ToArray())
        {
            if (pod.Delay > 0)
                pod.Delay--;
            else if (pod.IsTerminating)
                Pods.Remove(pod.Member);
            else if (pod.UpSince is null)
                Start(pod);
            else if (!IsUp(pod.Member))
                Crash(pod, "removed from the cluster");
        }

        foreach (SimulatedVolume volume in Volumes.Values.ToArray())
        {
            if (volume.IsTerminating && !Pods.ContainsKey(volume.Member))
                Volumes.Remove(volume.Member);
            else if (volume.Store is { } store && IsUp(volume.Member))
                Follow(store);
        }

        Elect();
    }

    /// <summary>Does what the plan asks, having checked that it may be asked.</summary>
    public void Execute(ClusterAction action)
    {
        switch (action)
        {
            case ClusterAction.TakeInHand:
                HasFinalizer = true;
                break;
            case ClusterAction.LetGo:
                Demand(Pods.Count == 0, "pods are left");
                HasFinalizer = false;
                break;
            case ClusterAction.CreateVolume create:
                Volumes.TryAdd(create.Member, new SimulatedVolume(create.Member, $"v{_nextUid++}")
                {
                    Requested = Wanted.VolumeBytes,
                    Capacity = Wanted.VolumeBytes,
                });
                break;
            case ClusterAction.MarkVolume mark:
                Volume(mark.Member, mark.Uid).MarkedFor = mark.ClusterId;
                break;
            case ClusterAction.GrowVolume grow:
                Volume(grow.Member, grow.Uid).Requested = grow.Bytes;
                break;
            case ClusterAction.RetainVolume retain:
                Volume(retain.Member, retain.Uid).IsRetained = true;
                break;
            case ClusterAction.FenceVolume fence:
                Demand(Record.Recovery?.Number == fence.Recovery, "a volume put aside without a recovery");
                Volume(fence.Member, fence.Uid).IsRetained = true;
                break;
            case ClusterAction.DropRequest:
                Wanted = Wanted with { Recovery = null };
                break;
            case ClusterAction.DeleteVolume delete:
                DeleteVolume(delete);
                break;
            case ClusterAction.CreatePod create:
                CreatePod(create);
                break;
            case ClusterAction.OpenToClients open:
                Pods[open.Member].IsOpen = true;
                break;
            case ClusterAction.DeletePod delete:
                Stop(delete.Member, delete.Uid);
                break;
            case ClusterAction.RestartPod restart:
                Stop(restart.Member, restart.Uid);
                break;
            default:
                ExecuteInCluster(action);
                break;
        }
    }

    public void Stop(SimulatedPod pod)
    {
        pod.IsTerminating = true;
        pod.UpSince = null;
        pod.Delay = random.Next(3);
        Elect();
    }

    public void Crash(SimulatedPod pod, string trouble)
    {
        pod.UpSince = null;
        pod.Crashes++;
        pod.Trouble = trouble;
        pod.Delay = random.Next(4);
        Elect();
    }

    private void ExecuteInCluster(ClusterAction action)
    {
        switch (action)
        {
            case ClusterAction.AddLearner add:
                Demand(!_config.Any(entry => entry.IsLearner), "a second learner");
                ChangeMembers(() => _config.Add(new MemberEntry(_nextId++, add.Member, $"http://{add.Member}:2380")
                {
                    IsLearner = true,
                }));
                break;
            case ClusterAction.Promote promote:
                Demand(IsUp(promote.Member), "a vote for a member that does not run");
                ChangeMembers(() => Replace(promote.Id, entry => entry with { IsLearner = false }));
                break;
            case ClusterAction.Remove remove:
                ChangeMembers(() => _config.RemoveAll(entry => entry.Id == remove.Id));
                Demand(HasQuorum, "a removal that costs the quorum");
                break;
            case ClusterAction.MoveLeader move:
                MoveLeader(move);
                break;
            case ClusterAction.Defragment defragment:
                Volumes[defragment.Member].Store!.Bytes = 100;
                break;
            case ClusterAction.Disarm disarm:
                Alarms.RemoveAll(alarm => alarm.MemberId == disarm.MemberId && alarm.Kind == disarm.Kind);
                break;
        }
    }

    private void ChangeMembers(Action change)
    {
        Demand(HasQuorum, "a change of members without a quorum");
        bool isUnderWay = _config.Any(entry =>
            !entry.IsLearner && Answers(entry.Member) && Volumes[entry.Member].Store!.ConfigVersion != _configVersion);
        Demand(!isUnderWay, "two changes of members at once");
        change();
        _configVersion++;
        if (_config.FirstOrDefault(entry => entry.Id == _leader) is { } leader)
            Volumes[leader.Member].Store!.ConfigVersion = _configVersion;
        Elect();
    }

    private void MoveLeader(ClusterAction.MoveLeader move)
    {
        bool works = random.Next(4) != 0 && IsHealthy(move.ToId);
        _moveFailures = works ? 0 : _moveFailures + 1;
        if (works)
            _leader = move.ToId;
    }

    private void DeleteVolume(ClusterAction.DeleteVolume delete)
    {
        bool isMember = !Wanted.IsDeleting && _config.Any(entry => entry.Member == delete.Member);
        Demand(!isMember, $"deletion of the volume of the member {delete.Member}");
        Demand(!Pods.ContainsKey(delete.Member), "deletion of a mounted volume");
        Volume(delete.Member, delete.Uid).IsTerminating = true;
    }

    private void CreatePod(ClusterAction.CreatePod create)
    {
        bool isNew = create.Start == PodStart.FormCluster;
        bool isAgain = Record.Recovery is { Step: RecoveryStep.Seeding };
        Demand(!isNew || _clustersFormed == 0 || isAgain || HasIntactData(create.Member), "a second cluster");
        bool isForced = create.Start == PodStart.Survive;
        Demand(
            !isForced || Record.Recovery is { Step: RecoveryStep.Forcing } forcing && forcing.Survivor == create.Member,
            "a cluster made of one that nobody asked for");
        Demand(!(isForced || (isNew && isAgain)) || AreOthersPutAside(create.Member), "a second majority");
        Pods.TryAdd(create.Member, new SimulatedPod(create.Member, $"p{_nextUid++}", Wanted.Template, Now)
        {
            Start = create.Start,
            Recovery = isForced ? Record.Recovery!.Number : 0,
            InitialCluster = create.InitialCluster,
            Delay = random.Next(3),
            IsOpen = !isForced && Record.Find(create.Member)?.Phase == MemberPhase.Ready,
        });
    }

    /// <summary>Whether no other member of before runs or could.</summary>
    private bool AreOthersPutAside(string member) =>
        Pods.Keys.All(other => other == member) && Volumes.Values.All(volume =>
            volume.Member == member || volume.IsRetained || volume.IsTerminating);

    private void Stop(string member, string uid)
    {
        if (Pods.GetValueOrDefault(member) is not { } pod || pod.Uid != uid)
            return;

        MemberEntry? entry = _config.FirstOrDefault(entry => entry.Member == member);
        bool isServing = entry is not null && IsHealthy(entry.Id) && !Wanted.IsDeleting;
        var quorum = new Quorum(VoterCount, HealthyVoters());
        Demand(!isServing || !quorum.Holds || quorum.AllowsStopOf(true), "a stop that costs the quorum");
        Stop(pod);
    }

    private void Start(SimulatedPod pod)
    {
        SimulatedVolume? volume = Volumes.GetValueOrDefault(pod.Member);
        string? trouble = volume is null ? "no volume" : BadTemplates.Contains(pod.Template) ? "bad settings" : null;
        trouble ??= volume!.Store is null ? StartEmpty(pod, volume) : null;
        trouble ??= volume!.Store!.IsBroken ? "broken data" : null;
        if (trouble is null && !_config.Any(entry => entry.Id == volume!.Store!.MemberId))
            trouble = "removed from the cluster";

        if (trouble is not null)
        {
            Crash(pod, trouble);
            return;
        }

        if (pod.Start == PodStart.Survive && _config.RemoveAll(entry => entry.Id != volume!.Store!.MemberId) > 0)
            _configVersion++;
        pod.UpSince = Now;
        pod.Trouble = "";
        volume!.Capacity = volume.Requested;
        if (HasQuorum)
            Replace(volume.Store!.MemberId, entry => entry with { HasStarted = true });
    }

    private string? StartEmpty(SimulatedPod pod, SimulatedVolume volume)
    {
        switch (pod.Start)
        {
            case PodStart.FormCluster:
                Demand(
                    _clustersFormed++ == 0 || Record.Recovery is { Step: RecoveryStep.Seeding }, "a second cluster");
                _config.Clear();
                _config.Add(new MemberEntry(_nextId, pod.Member, $"http://{pod.Member}:2380") { HasStarted = true });
                volume.Store = new SimulatedStore(_nextId++, ClusterId);
                return null;
            case PodStart.JoinCluster:
                MemberEntry? entry = _config.FirstOrDefault(entry => entry.Member == pod.Member);
                if (entry is null || !HasQuorum || pod.InitialCluster.Split(',').Length != _config.Count)
                    return "member count is unequal";
                Demand(entry.IsLearner, "a voter that has forgotten its promises");
                volume.Store = new SimulatedStore(entry.Id, ClusterId) { Lag = 5000, ConfigVersion = _configVersion };
                return null;
            default:
                return "no data, and nobody to ask";
        }
    }

    private void Follow(SimulatedStore store)
    {
        if (!HasQuorum)
            return;
        store.Lag = store.Lag > 2000 ? store.Lag - 2000 : 0;
        if (random.Next(2) == 0)
            store.ConfigVersion = _configVersion;
        Replace(store.MemberId, entry => entry with { HasStarted = true });
    }

    private void Elect()
    {
        MemberEntry[] healthy = [.. _config.Where(entry => IsHealthy(entry.Id))];
        if (healthy.Length < Size)
            _leader = 0;
        else if (healthy.All(entry => entry.Id != _leader))
            _leader = healthy[random.Next(healthy.Length)].Id;
    }

    private bool Answers(string member) =>
        IsUp(member) && !(_silentUntil.TryGetValue(member, out DateTimeOffset until) && until > Now);

    private MemberAnswer Answer(SimulatedVolume volume)
    {
        SimulatedStore store = volume.Store!;
        bool isCaughtUp = store.Lag == 0 && _leader != 0;
        _looksCaughtUp[store.MemberId] = isCaughtUp ? _looksCaughtUp.GetValueOrDefault(store.MemberId) + 1 : 0;
        return new MemberAnswer(volume.Member, store.MemberId, store.ClusterId)
        {
            LeaderId = _leader,
            IsLearner = _config.First(entry => entry.Id == store.MemberId).IsLearner,
            RaftIndex = 10_000,
            AppliedIndex = 10_000 - store.Lag,
            Term = 1,
            ServesReads = _leader != 0,
            CaughtUpLooks = _looksCaughtUp[store.MemberId],
            MembersSeen = $"{store.ConfigVersion}",
            StoreBytes = store.Bytes,
            StoreInUseBytes = Math.Min(store.Bytes, 100),
        };
    }

    private int HealthyVoters() => _config.Count(entry => IsHealthy(entry.Id));

    private bool IsHealthy(ulong id) =>
        _config.FirstOrDefault(entry => entry.Id == id) is { IsLearner: false } entry && IsUp(entry.Member);

    private bool HasIntactData(string member) =>
        Volumes.GetValueOrDefault(member) is { IsTerminating: false, Store.IsBroken: false };

    private SimulatedVolume Volume(string member, string uid)
    {
        SimulatedVolume volume = Volumes[member];
        Demand(volume.Uid == uid, "a change to another volume than was looked at");
        return volume;
    }

    private void Replace(ulong id, Func<MemberEntry, MemberEntry> change)
    {
        int index = _config.FindIndex(entry => entry.Id == id);
        if (index >= 0)
            _config[index] = change(_config[index]);
    }

    private static void Demand(bool condition, string broken)
    {
        if (!condition)
            throw new PlanBrokenException(broken);
    }
}
