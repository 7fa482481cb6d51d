using Kv.Raft;
using Kv.Replication;
using Kv.Simulation.Tests.Checks;
using Kv.Simulation.Tests.World;
using Kv.Storage;
using Kv.Store;
using Kv.Testing;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>A machine with a disk and a clock, on which one member lives: life after life, as long as it is part of
/// the cluster. Whatever ends a life, the next one starts a while later.</summary>
internal sealed class Host
{
    public static readonly MemberFiles Files = new("/m.etcd");

    private static readonly TimeSpan UsualSync = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan RestartLeast = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RestartMost = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan CheckpointCrashMost = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan LateMost = TimeSpan.FromMilliseconds(400);

    private readonly SimulatedWorld _world;
    private readonly SimulatedNetwork _network;
    private long _failuresSeen;

    public Host(SimulatedWorld world, SimulatedNetwork network, ClusterRules rules, HostPlan plan)
    {
        _world = world;
        _network = network;
        Rules = rules;
        Id = plan.Id;
        Founders = plan.Founders;
        Options = plan.Options;
        Disk = new SimulatedDisk(new Random(world.Random.Next()));
        Clock = new SimulatedClock(world);
        SyncPace = new Pace(world, UsualSync);
        Network = network.PortOf(Id);
    }

    public ulong Id { get; }

    /// <summary>Whom the cluster begins with; none on a host whose member joins.</summary>
    public IReadOnlyList<ClusterMember> Founders { get; }

    public HostOptions Options { get; }

    public ClusterRules Rules { get; }

    public SimulatedDisk Disk { get; }

    public SimulatedClock Clock { get; }

    public Pace SyncPace { get; }

    public INetwork Network { get; }

    /// <summary>The life under way, if there is one.</summary>
    public MemberProcess? Process { get; private set; }

    /// <summary>Its member has left the cluster, for good.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Whether the power goes at the next snapshot that the log is told of.</summary>
    public bool CrashesAtCheckpoint { get; set; }

    /// <summary>Whether an error of the disk can be the disk's fault.</summary>
    public bool HasDiskFailed => Disk.FailureCount > _failuresSeen;

    public void Start()
    {
        if (Process is not null || IsRetired)
            return;
        try
        {
            Process = MemberProcess.Start(_world, this);
            _world.Trace.Note(_world.Now, Id, TraceKind.Started, (long)Process.View.Term);
        }
        catch (SimulatedCrashException)
        {
            Crash();
        }
        catch (IOException fault) when (HasDiskFailed)
        {
            OnDiskFailed(fault);
        }
    }

    /// <summary>The power goes: what was not synced may be lost.</summary>
    public void Crash()
    {
        Kill();
        Disk.Crash();
    }

    /// <summary>The process ends without a word; what it had written stays written.</summary>
    public void Kill()
    {
        End();
        _world.After(_world.Between(RestartLeast, RestartMost), Start);
    }

    /// <summary>The disk refused a write or a sync, at which a member ends. What the disk holds then is known only once
    /// it has been off.</summary>
    public void OnDiskFailed(IOException fault)
    {
        _failuresSeen = Disk.FailureCount;
        _world.Trace.Note(_world.Now, Id, TraceKind.Fault, more: fault.Message);
        Crash();
    }

    /// <summary>The log has just been told of a snapshot.</summary>
    public void OnCheckpoint()
    {
        if (!CrashesAtCheckpoint)
            return;
        CrashesAtCheckpoint = false;
        double share = _world.Random.NextDouble();
        _world.After(CheckpointCrashMost * (share * share * share), () =>
        {
            if (Process is not null)
                Crash();
        });
    }

    /// <summary>Lets a snapshot be taken now, or as late as etcd may.</summary>
    public void OnSnapshotWanted(MemberProcess process, Message wanted, Action take)
    {
        if (!Options.SendsSnapshotsLate)
        {
            take();
            return;
        }

        _network.Understate(Id, wanted);
        process.After(_world.Between(TimeSpan.Zero, LateMost), take);
    }

    /// <summary>Ends for good.</summary>
    public void Retire()
    {
        IsRetired = true;
        End();
    }

    /// <summary>A message of another member.</summary>
    public void Receive(Message message)
    {
        if (Process is not { } process || process.Member.Store.Members.IsRemoved(message.From.Value))
            return;
        process.Note(TraceKind.Received, (long)message.Type, (long)message.Index, message.From);
        process.Post(ReplicaEvent.Received(message));
    }

    /// <summary>A snapshot of the leader: its page file gets its name only when it is whole. False if it was not
    /// taken, for want of a process, or because that ended over it.</summary>
    public bool TryReceive(Message message, byte[] pages)
    {
        if (Process is not { } process)
            return false;

        bool isTaken = false;
        process.Do(() =>
        {
            Save(message.Snapshot!.Id.Index, pages);
            isTaken = new SnapshotFiles(Disk, Files).TryAdmit(message, out Message? admitted, out _);
            process.Note(TraceKind.Received, (long)message.Type, (long)message.Snapshot.Id.Index, isTaken);
            if (isTaken)
                process.Member.Inbox.Post(ReplicaEvent.ReceivedSnapshot(admitted!));
        });
        return isTaken;
    }

    private void Save(ulong index, byte[] pages)
    {
        string unfinished = Path.Combine(Files.Snapshots, $"tmp.{index}");
        using (IFile file = Disk.Open(unfinished, FileAccessMode.Create))
        {
            file.Write(0, pages);
            file.Sync();
        }

        Disk.Rename(unfinished, Files.ReceivedPageFile(index));
        Disk.SyncDirectory(Files.Snapshots);
    }

    private void End()
    {
        if (Process is not { } process)
            return;
        Process = null;
        process.End();
        _world.Trace.Note(_world.Now, Id, TraceKind.Ended);
        if (Options.RefusesWhenEnded)
            _network.RefuseFor(this);
    }
}

/// <summary>Which member lives on a host.</summary>
internal sealed record HostPlan(ulong Id, IReadOnlyList<ClusterMember> Founders, HostOptions Options);
