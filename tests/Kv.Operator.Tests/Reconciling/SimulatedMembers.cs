using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Planning;
using Kv.Operator.Tests.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>The nodes of one cluster, less their log: who is a member, whose data is where, who leads, and what each
/// has seen of it. Changes of members are law-abiding or the test is over.</summary>
public sealed class SimulatedMembers(MemoryApi api, Fate fate) : IMemberCalls
{
    private const long RoomyBytes = 20480;
    private const ulong FirstClusterId = 0xc1;

    private Dictionary<string, ulong> _data = []; // by the uid of the claim: which member's data it holds
    private Dictionary<ulong, string> _views = []; // the members as each has applied them
    private readonly HashSet<string> _ran = []; // pods whose process has had data
    private HashSet<string> _etcds = []; // members that no operator has made
    private List<MemberLine> _members = [];
    private ulong _nextId = 0xa0;
    private ulong _clusterId = FirstClusterId;

    public IReadOnlyList<MemberLine> Members => _members;

    public List<AlarmFound> Alarms { get; } = [];

    /// <summary>Bytes of stores that have more than the usual; they have less once they were shortened.</summary>
    public Dictionary<string, long> StoreBytes { get; } = [];

    /// <summary>Stores full of live data, which nothing shortens.</summary>
    public HashSet<string> FullStores { get; } = [];

    /// <summary>Stores full of history, which nothing shortens before that is given up.</summary>
    public HashSet<string> FullOfHistory { get; } = [];

    /// <summary>What all images hold, whatever they are called; null if they hold what they are called.</summary>
    public string? VersionInImages { get; set; }

    /// <summary>What is wrong with the endpoints of an etcd cluster; null if nothing is.</summary>
    public string? EtcdFault { get; set; }

    public string EtcdVersion { get; set; } = "3.5.30";

    /// <summary>How the members of an etcd cluster speak with each other.</summary>
    public string EtcdPeerScheme { get; set; } = "http";

    public ulong EtcdClusterId { get; set; } = FirstClusterId;

    /// <summary>Members whose processes run and answer nobody.</summary>
    public HashSet<string> Silent { get; } = [];

    public ulong Leader { get; private set; }

    /// <summary>Whether voters learn of a change of members a tick later than the one that was asked.</summary>
    public bool AreViewsLate { get; set; }

    public int VoterCount => _members.Count(line => !line.IsLearner);

    /// <summary>The same members, less what is wrong with some, for another world.</summary>
    public SimulatedMembers Copy(MemoryApi itsApi, Fate itsFate) => new(itsApi, itsFate)
    {
        _data = new Dictionary<string, ulong>(_data),
        _views = new Dictionary<ulong, string>(_views),
        _members = [.. _members],
        _etcds = [.. _etcds],
        _nextId = _nextId,
        _clusterId = _clusterId,
        Leader = Leader,
    };

    public static string HostOf(MemberLine line) => new Uri(line.PeerUrl).Host.Split('.')[0];

    /// <summary>Empties a volume behind everybody's back.</summary>
    public void Empty(string member) => _data.Remove(ClaimOf(member)?.Uid() ?? "");

    public bool IsVoter(string member) => _members.Exists(line => !line.IsLearner && HostOf(line) == member);

    /// <summary>Begins with a cluster that nobody here has made.</summary>
    public void BeginWithEtcd(int count)
    {
        for (int number = 0; number < count; number++)
        {
            string name = $"etcd-{number}";
            _etcds.Add(name);
            _members.Add(new MemberLine(_nextId++, name, $"{EtcdPeerScheme}://{name}.etcd:2380", IsLearner: false)
            {
                ClientUrls = [$"http://{name}.etcd:2379"],
            });
        }

        Tick();
    }

    public bool IsUp(string member) => _etcds.Contains(member) ? IsEtcdUp(member) : IsOursUp(member);

    private bool IsEtcdUp(string member) =>
        _members.Exists(line => HostOf(line) == member) && !Silent.Contains(member);

    private bool IsOursUp(string member) => MemberOn(member) is { } id && _members.Exists(line => line.Id == id) &&
        !Silent.Contains(member) &&
        api.All<V1Pod>().Any(pod => pod.Name() == member && pod.DeletionTimestamp() is null && IsReady(pod));

    public bool HasQuorum() => HasQuorumWithout(member: null);

    /// <summary>Whether the voters would be a quorum if this one did not run.</summary>
    public bool HasQuorumWithout(string? member)
    {
        MemberLine[] voters = [.. _members.Where(line => !line.IsLearner)];
        int up = voters.Count(line => HostOf(line) != member && IsUp(HostOf(line)));
        return voters.Length > 0 && up >= (voters.Length / 2) + 1;
    }

    /// <summary>Lets a change of members take effect that was asked for long ago.</summary>
    public void AddLate(string peerUrl, bool isLearner) =>
        _members.Add(new MemberLine(_nextId++, "", peerUrl, isLearner));

    /// <summary>Lets everybody learn of all that has happened.</summary>
    public void Tick()
    {
        foreach (MemberLine line in _members)
            _views[line.Id] = View();
        Elect();
    }

    /// <summary>What a process does with its flags and its volume when it starts.</summary>
    /// <returns>Whether it runs.</returns>
    public bool Start(V1Pod pod, V1PersistentVolumeClaim claim)
    {
        if (!_data.TryGetValue(claim.Uid(), out ulong id) && !TryStartEmpty(pod, claim, out id))
            return false;

        int index = _members.FindIndex(line => line.Id == id);
        if (index < 0)
            return false;
        if (pod.Spec.Containers![0].Args!.Contains("--force-new-cluster=true"))
            index = ForceAlone(pod, id);
        _ran.Add(pod.Uid());
        if (HasQuorum())
            _members[index] = _members[index] with { Name = pod.Name() };
        return true;
    }

    public Task<MemberReport?> AskAsync(MemberEndpoint member, CancellationToken stop)
    {
        try
        {
            return Task.FromResult(fate.Read(CallOf("ask"), () => Report(member.Member)));
        }
        catch (MemberCallException)
        {
            return Task.FromResult<MemberReport?>(null);
        }
        catch (OperatorDiedException death)
        {
            return Task.FromException<MemberReport?>(death);
        }
    }

    public Task<MemberReport> AskForeignAsync(MemberEndpoint member, CancellationToken stop)
    {
        try
        {
            string host = member.Address.Host.Split('.')[0];
            MemberReport? report = fate.Read(CallOf("ask"), () => EtcdFault is null ? Report(host) : null);
            return report is not null
                ? Task.FromResult(report)
                : Task.FromException<MemberReport>(
                    new MemberCallException(EtcdFault ?? "refused") { IsUntrusted = EtcdFault == "certificate" });
        }
        catch (Exception refused) when (refused is MemberCallException or OperatorDiedException)
        {
            return Task.FromException<MemberReport>(refused);
        }
    }

    public Task<IReadOnlyList<AlarmFound>> ListAlarmsAsync(MemberEndpoint member, CancellationToken stop) =>
        Task.FromResult<IReadOnlyList<AlarmFound>>([.. Alarms]);

    public Task AddLearnerAsync(MemberEndpoint member, string peerUrl, CancellationToken stop) => Change("add", () =>
    {
        if (_members.Exists(line => line.PeerUrl == peerUrl))
            throw new MemberCallException("etcdserver: Peer URLs already exists");
        Demand(!_members.Exists(line => line.IsLearner), "a second learner");
        Demand(HasOneView(), "a change of members while another is under way");
        Demand(_members.TrueForAll(line => IsUp(HostOf(line))), "a member more while one does not serve");
        _members.Add(new MemberLine(_nextId++, "", peerUrl, IsLearner: true));
    });

    public Task PromoteAsync(MemberEndpoint member, ulong id, CancellationToken stop) => Change("promote", () =>
    {
        int index = _members.FindIndex(line => line.Id == id);
        if (index < 0)
            throw new MemberCallException("etcdserver: member not found");
        if (!_members[index].IsLearner)
            throw new MemberCallException("etcdserver: can only promote a learner member");
        Demand(HasOneView(), "a promotion while another change is under way");
        _members[index] = _members[index] with { IsLearner = false };
        Demand(HasQuorum(), "a promotion that costs the quorum");
    });

    public Task RemoveAsync(MemberEndpoint member, ulong id, CancellationToken stop) => Change("remove", () =>
    {
        MemberLine line = _members.Find(line => line.Id == id)
            ?? throw new MemberCallException("etcdserver: member not found");
        Demand(HasOneView(), "a removal while another change is under way");
        if (_etcds.Contains(HostOf(line)))
            DemandFinal(line);
        _members.Remove(line);
        Demand(HasQuorum(), "a removal that costs the quorum");
        Alarms.RemoveAll(alarm => alarm.MemberId == id);
    });

    public Task MoveLeaderAsync(MemberEndpoint leader, ulong to, CancellationToken stop) =>
        Change("move leader", () => Leader = to);

    public Task CompactAsync(MemberEndpoint member, CancellationToken stop) => Change("compact", FullOfHistory.Clear);

    public Task DefragmentAsync(MemberEndpoint member, CancellationToken stop) => Change("defragment", () =>
    {
        if (!FullStores.Contains(member.Member) && !FullOfHistory.Contains(member.Member))
            StoreBytes.Remove(member.Member);
    });

    public Task DisarmAsync(MemberEndpoint member, AlarmFound alarm, CancellationToken stop) =>
        Change("disarm", () => Alarms.Remove(alarm));

    /// <summary>Who was there before goes only when that is asked for, when all of ours are in, and not as the leader.
    /// </summary>
    private void DemandFinal(MemberLine line)
    {
        V1KvCluster cluster = api.All<V1KvCluster>().Single();
        Demand(cluster.Spec.Bootstrap?.FromEtcd?.Finalize == true, "a removal that nobody asked for");
        Demand(
            _members.Count(each => !_etcds.Contains(HostOf(each)) && IsUp(HostOf(each))) == cluster.Spec.Replicas,
            "a removal before all of ours serve");
        Demand(line.Id != Leader, "a removal of the leader");
    }

    private static Call CallOf(string what) => new(what) { IsToMember = true };

    private static void Demand(bool isLawful, string what)
    {
        if (!isLawful)
            throw new PlanBrokenException(what);
    }

    private static bool IsReady(V1Pod pod) =>
        pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    private MemberReport? Report(string member)
    {
        if (!IsUp(member))
            return null;

        Elect();
        bool isEtcd = _etcds.Contains(member);
        ulong id = isEtcd ? _members.First(line => HostOf(line) == member).Id : MemberOn(member)!.Value;
        bool isLearner = _members.First(line => line.Id == id).IsLearner;
        bool serves = !isLearner && HasQuorum();
        var answer = new MemberAnswer(member, id, isEtcd ? EtcdClusterId : _clusterId)
        {
            LeaderId = Leader,
            IsLearner = isLearner,
            RaftIndex = 10,
            AppliedIndex = 10,
            Term = 1,
            ServesReads = serves,
            MembersSeen = serves ? ViewOf(id) : "",
            StoreBytes = StoreBytes.GetValueOrDefault(member, RoomyBytes),
            StoreInUseBytes = FullStores.Contains(member) ? StoreBytes.GetValueOrDefault(member) : RoomyBytes,
            Version = isEtcd ? EtcdVersion : VersionOf(member),
        };
        return new MemberReport(answer, serves ? [.. _members] : null, Alarms.Count > 0);
    }

    /// <summary>What the image of its pod is called, unless something else is in there.</summary>
    private string VersionOf(string member) => VersionInImages ?? api.All<V1Pod>()
        .Where(pod => pod.Name() == member).Select(pod => VersionSteps.OfImage(pod.Spec.Containers![0].Image!))
        .FirstOrDefault()?.ToString() ?? "";

    private Task Change(string what, Action change)
    {
        try
        {
            fate.Write(CallOf(what), () =>
            {
                if (!HasQuorum())
                    throw new MemberCallException("etcdserver: no leader");
                change();
                Elect();
                if (!AreViewsLate)
                    Tick();
                return true;
            });
            return Task.CompletedTask;
        }
        catch (Exception refused) when (refused is MemberCallException or OperatorDiedException)
        {
            return Task.FromException(refused);
        }
    }

    /// <summary>A node on an empty volume forms a cluster, or joins one that counts it as a learner, or ends.</summary>
    private bool TryStartEmpty(V1Pod pod, V1PersistentVolumeClaim claim, out ulong id)
    {
        id = 0;
        IList<string> args = pod.Spec.Containers![0].Args!;
        bool isMarked = _ran.Contains(pod.Uid()) &&
            args.Any(arg => arg.StartsWith("--data-marker=", StringComparison.Ordinal));
        if (isMarked)
            return false;
        string told = args.Single(arg => arg.StartsWith("--initial-cluster=", StringComparison.Ordinal));
        if (args.Contains("--initial-cluster-state=new"))
        {
            bool isAgain = pod.Spec.InitContainers is { Count: > 0 } && api.All<V1KvCluster>().Single()
                .Status.Recovery?.Step == nameof(RecoveryStep.Seeding);
            Demand(_members.Count == 0 || isAgain, "a second cluster");
            Demand(!isAgain || IsNobodyElse(pod), "a second cluster beside the old one");
            _clusterId += _members.Count == 0 ? 0UL : 1UL;
            _members.Clear();
            Alarms.Clear();
            id = _nextId++;
            _members.Add(new MemberLine(id, pod.Name(), told[(told.LastIndexOf('=') + 1)..], IsLearner: false));
        }
        else
        {
            MemberLine? self = _members.Find(line => HostOf(line) == pod.Name());
            bool mayJoin = self is { IsLearner: true } && HasQuorum() && told.Split(',').Length == _members.Count;
            if (!mayJoin)
                return false;
            id = self!.Id;
        }

        _data[claim.Uid()] = id;
        return true;
    }

    /// <summary>Takes the others out, as a node does that is told to go on alone.</summary>
    private int ForceAlone(V1Pod pod, ulong id)
    {
        Demand(IsNobodyElse(pod), "a second majority");
        _members.RemoveAll(line => line.Id != id);
        return 0;
    }

    /// <summary>Whether no other volume of the cluster has a pod, or could be given one.</summary>
    private bool IsNobodyElse(V1Pod pod) =>
        api.All<V1Pod>().All(other => other.Name() == pod.Name() || !IsSame(other, pod)) &&
        api.All<V1PersistentVolumeClaim>().All(claim => claim.Name() == $"data-{pod.Name()}" || !IsSame(claim, pod) ||
            claim.GetLabel(Names.Retained) == "true" || claim.DeletionTimestamp() is not null);

    private static bool IsSame(IKubernetesObject<V1ObjectMeta> one, V1Pod other) =>
        one.GetAnnotation(Names.ClusterUid) == other.GetAnnotation(Names.ClusterUid);

    private void Elect()
    {
        MemberLine[] up = [.. _members.Where(line => !line.IsLearner && IsUp(HostOf(line)))];
        if (!HasQuorum())
            Leader = 0;
        else if (Array.TrueForAll(up, line => line.Id != Leader))
            Leader = up[0].Id;
    }

    private string View() => string.Join(' ', _members.Select(line => $"{line.Id:x}{line.IsLearner}"));

    private string ViewOf(ulong id) => _views.GetValueOrDefault(id, View());

    private bool HasOneView() => _members.Where(line => !line.IsLearner && IsUp(HostOf(line)))
        .Select(line => ViewOf(line.Id)).Distinct(StringComparer.Ordinal).Count() <= 1;

    private ulong? MemberOn(string member) =>
        ClaimOf(member) is { } claim && _data.TryGetValue(claim.Uid(), out ulong id) ? id : null;

    private V1PersistentVolumeClaim? ClaimOf(string member) =>
        api.All<V1PersistentVolumeClaim>().FirstOrDefault(claim => claim.Name() == $"data-{member}");
}
