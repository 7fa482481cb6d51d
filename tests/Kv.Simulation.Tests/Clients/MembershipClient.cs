using Kv.Raft;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Store;
using Kv.Testing.Members;

namespace Kv.Simulation.Tests.Clients;

/// <summary>Changes who is in the cluster, one change at a time: looks at the list of members and does the next thing,
/// as an operator does who may have missed what became of the last one. Learners are added, started and promoted;
/// voters are removed, and their hosts never come back; leadership is moved. A hasty one has two voters removed at
/// once, of which the leader must refuse one for the moment.</summary>
internal sealed class MembershipClient
{
    private const int MembersMax = 7;
    private const int VotersMin = 3;
    private const int HastyVotersMin = 5;
    private const ulong LagMax = 100;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly SimulatedWorld _world;
    private readonly Cluster _cluster;
    private readonly ClientLink _link;

    // Its host waits to be started until the cluster knows it.
    private Host? _joining;

    public MembershipClient(SimulatedWorld world, Cluster cluster, ClientLink link)
    {
        _world = world;
        _cluster = cluster;
        _link = link;
        _world.After(Look, Next);
    }

    public bool IsStopped { get; set; }

    /// <summary>Whether two changes are asked for at once.</summary>
    public bool IsHasty { get; init; }

    /// <summary>Called before a change is asked for.</summary>
    public Action? Asking { get; set; }

    /// <summary>How many changes were acknowledged.</summary>
    public int Changes { get; private set; }

    private void Next()
    {
        if (IsStopped)
            return;
        _link.Call<IReadOnlyList<ClusterMember>?>(
            (process, reply) => process.Edge.ListMembers(reply),
            members => Do(members),
            () => _world.After(Look, Next),
            () => _world.After(Look, Next));
    }

    /// <summary>Brings the hosts in line with a list of members that is no older than the call for it.</summary>
    public void Settle(IReadOnlyList<ClusterMember> members)
    {
        if (_joining is { } host && members.Any(member => member.Id == host.Id))
        {
            host.Start();
            _joining = null;
        }

        // Whoever was removed without hearing of it would ask for votes for ever.
        foreach (Host other in _cluster.Hosts)
        {
            bool isMember = members.Any(member => member.Id == other.Id);
            if (!isMember && other != _joining)
                other.Retire();
        }
    }

    private void Do(IReadOnlyList<ClusterMember>? members)
    {
        if (members is null || IsStopped)
        {
            _world.After(Look, Next);
            return;
        }

        Settle(members);
        ClusterMember[] learners = [.. members.Where(static member => member.IsLearner)];
        ClusterMember[] voters = [.. members.Where(static member => !member.IsLearner)];
        if (_joining is { } joining)
            Add(joining.Id);
        else if (learners.Length > 0)
            PromoteOrRemove(learners[0].Id);
        else if (IsHasty && voters.Length >= HastyVotersMin)
            RemoveTwo(voters);
        else if (_world.Chance(0.3))
            Move(_world.Pick(voters).Id);
        else if (voters.Length > VotersMin && (voters.Length == MembersMax || _world.Chance(0.5)))
            Change(ConfChangeType.RemoveNode, _world.Pick(voters).Id, []);
        else if (voters.Length < MembersMax)
            Add((_joining = _cluster.AddJoiner()).Id);
        else
            _world.After(Look, Next);
    }

    private void RemoveTwo(ClusterMember[] voters)
    {
        _world.Random.Shuffle(voters);
        int open = 2;
        Asking?.Invoke();
        foreach (ClusterMember voter in voters.Take(open))
        {
            Change(ConfChangeType.RemoveNode, voter.Id, [], () =>
            {
                if (--open == 0)
                    _world.After(Look, Next);
            });
        }
    }

    // Tried again until the list shows it: one that timed out may have come through.
    private void Add(ulong id)
    {
        ClusterMember member = MemberPlan.Member(id) with { Name = "", IsLearner = true };
        Change(ConfChangeType.AddLearnerNode, id, MemberJson.Encode(member));
    }

    private void PromoteOrRemove(ulong id)
    {
        ulong? applied = _cluster.Find(id)?.Process?.View.Applied;
        if (applied + LagMax >= _cluster.Rules.LastApplied)
            Change(ConfChangeType.AddNode, id, MemberJson.EncodePromotion(id));
        else if (_world.Chance(0.1))
            Change(ConfChangeType.RemoveNode, id, []);
        else
            _world.After(Look, Next);
    }

    private void Move(ulong to)
    {
        _world.Trace.Note(_world.Now, to, TraceKind.Members, more: "is to lead");
        _link.Call<bool>(
            (process, reply) =>
            {
                process.Edge.MoveLeader(to);
                reply(true);
            },
            _ => _world.After(Look, Next),
            () => _world.After(Look, Next),
            () => _world.After(Look, Next));
    }

    private void Change(ConfChangeType type, ulong id, byte[] context)
    {
        Asking?.Invoke();
        Change(type, id, context, () => _world.After(Look, Next));
    }

    private void Change(ConfChangeType type, ulong id, byte[] context, Action next)
    {
        _world.Trace.Note(_world.Now, id, TraceKind.Members, (long)type, more: type);
        _link.Call<KvError>(
            (process, reply) => process.Edge.Change(type, id, context, reply),
            error =>
            {
                _world.Trace.Note(_world.Now, id, TraceKind.Members, (long)type, (long)error, error);
                Changes += error == KvError.None ? 1 : 0;
                next();
            },
            next,
            next);
    }
}
