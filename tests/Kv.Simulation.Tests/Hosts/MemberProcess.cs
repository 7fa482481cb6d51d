using Kv.Replication;
using Kv.Simulation.Tests.World;
using Kv.Testing;
using Kv.Testing.Members;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>One life of a member: from its start on whatever the disk holds to the crash, or the end of the run. Its
/// threads are lanes of the world; what its loop would do is done a little after anything happened to it.</summary>
internal sealed class MemberProcess : Process
{
    private static readonly TimeSpan UsualStep = TimeSpan.FromMicroseconds(20);

    // A member that was taken out of the cluster serves for so long yet, as in etcd.
    private static readonly TimeSpan AfterRemoval = TimeSpan.FromSeconds(1);

    private readonly Host _host;
    private readonly Pace _step;
    private readonly Action _turn;
    private readonly ReplicaEvent[] _tick = [ReplicaEvent.Tick];
    private readonly List<SimulatedLane> _lanes = [];
    private ReplicaEvent[] _events = new ReplicaEvent[16];
    private bool _isTurnPlanned;
    private bool _isRetiring;

    private MemberProcess(SimulatedWorld world, Host host)
        : base(world)
    {
        _host = host;
        _step = new Pace(world, UsualStep);
        _turn = Turn;
        try
        {
            Member = AssembledMember.Open(host.Disk, Plan(), Observed);
        }
        catch
        {
            End(); // or what its lanes have been given already would be done
            throw;
        }

        Edge = new MemberEdge(this, Member);
    }

    public AssembledMember Member { get; }

    public MemberEdge Edge { get; }

    public Host Host => _host;

    /// <summary>Whether no lane has anything to do.</summary>
    public bool IsIdle => _lanes.TrueForAll(static lane => lane.IsIdle);

    public ReplicaView View => Member.View;

    private TimeSpan TickInterval => _host.Clock.ToTrue(_host.Options.Replica.TickInterval);

    public static MemberProcess Start(SimulatedWorld world, Host host)
    {
        var process = new MemberProcess(world, host);
        process.After(world.Between(TimeSpan.Zero, process.TickInterval), process.Tick);
        process.After(TimeSpan.Zero, process.Edge.KeepLeases);
        return process;
    }

    /// <summary>How long a small step of a lane takes.</summary>
    public TimeSpan Step() => _step.Draw();

    public bool HasChance(double probability) => World.Chance(probability);

    public void OnSynced(int turns, bool hasSnapshot)
    {
        Note(TraceKind.Synced, turns);
        if (hasSnapshot)
            _host.OnCheckpoint();
    }

    public void Note(TraceKind kind, long first = 0, long second = 0, object? more = null) =>
        World.Trace.Note(World.Now, _host.Id, kind, first, second, more);

    /// <summary>Tells the replica something that came from outside.</summary>
    public void Post(ReplicaEvent happened) => Do(() => Member.Inbox.Post(happened));

    protected override void Run(Action work)
    {
        try
        {
            work();
            if (HasEnded)
                return;
            Edge.Poll();
            if (!_isTurnPlanned && work != _turn)
            {
                _isTurnPlanned = true;
                After(_step.Draw(), _turn);
            }
        }
        catch (SimulatedCrashException)
        {
            _host.Crash();
        }
        catch (IOException fault) when (_host.HasDiskFailed)
        {
            _host.OnDiskFailed(fault);
        }
    }

    protected override void LetGo() => Member?.Dispose();

    private MemberPlan Plan()
    {
        HostOptions options = _host.Options;
        return new MemberPlan(_host.Id, _host.Founders)
        {
            Files = Host.Files,
            Network = _host.Network,
            Lanes = new MemberLanes(
                Lane(_step),
                Lane(_host.SyncPace),
                Lane(_step),
                Lane(_step),
                (writer, inbox) => new SimulatedLog(this, writer, inbox, _host.SyncPace)),
            Log = options.Log,
            Checkpoints = options.Checkpoints,
            Replica = options.Replica,
            Random = new Random(World.Random.Next()),
            Raft = options.Raft,
            Time = _host.Clock,
        };
    }

    private SimulatedLane Lane(Pace pace)
    {
        var lane = new SimulatedLane(this, pace);
        _lanes.Add(lane);
        return lane;
    }

    private ObservedStore Observed(IStateMachine store) => new(store, entries =>
    {
        if (entries.Count == 0)
            return;
        Note(TraceKind.Applied, (long)entries[0].Index, (long)entries[^1].Index);
        _host.Rules.OnCommitted(_host.Id, entries);
    }, (wanted, take) => _host.OnSnapshotWanted(this, wanted, take));

    // What the replica's own thread does when something is in its inbox.
    private void Turn()
    {
        _isTurnPlanned = false;
        Handle(Member.Inbox.Take(ref _events, TimeSpan.Zero));
    }

    private void Tick()
    {
        Handle(_tick);
        After(TickInterval, Tick);
    }

    private void Handle(ReadOnlySpan<ReplicaEvent> events)
    {
        bool led = View.IsLeader;
        Member.Replica.Handle(events);
        if (View.IsLeader)
            _host.Rules.OnLeader(_host.Id, View.Term);
        if (View.IsLeader && !led)
            Note(TraceKind.Leads, (long)View.Term);
        if (Member.IsRemoved && !_isRetiring)
        {
            _isRetiring = true;
            After(AfterRemoval, _host.Retire);
        }
    }
}
