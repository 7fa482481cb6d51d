using Kv.Raft;
using Kv.Replication;
using Kv.Simulation.Tests.World;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>Carries messages between hosts, each on its own: late, twice, out of order or not at all, as the link it
/// takes has it. Links have a direction, and each can be cut alone. Never doubled is a proposal: Raft takes it for two
/// (etcd's too), and counts on connections that double nothing.</summary>
internal sealed class SimulatedNetwork(SimulatedWorld world, TimeSpan delay)
{
    private const double NoticedLossChance = 0.3;
    private const long BytesPerSecond = 50_000_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Redial = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ulong, Host> _hosts = [];
    private readonly Dictionary<(ulong From, ulong To), Link> _links = [];
    private readonly Dictionary<ulong, AppendLimit> _limits = [];
    private readonly Dictionary<(ulong From, NodeId To), Snapshot> _understated = [];

    public int SnapshotsSent { get; private set; }

    public IEnumerable<Link> Links => _links.Values;

    public INetwork PortOf(ulong id) => new Port(this, id);

    public void Connect(Host host) => _hosts.Add(host.Id, host);

    /// <summary>Lets a member send so many messages with entries to each of the others; before the next one something
    /// happens.</summary>
    public void Limit(ulong from, int appends, Action end) => _limits[from] = new AppendLimit(appends, end, []);

    /// <summary>Lets the next snapshot to a member be told of as it was wanted.</summary>
    public void Understate(ulong from, Message wanted) => _understated[(from, wanted.To)] = wanted.Snapshot!;

    /// <summary>Lets all others hear, each time they dial, that nothing listens on this host, until there is a process
    /// again.</summary>
    public void RefuseFor(Host ended) => world.After(Redial, () =>
    {
        if (ended.Process is not null || ended.IsRetired)
            return;
        foreach (Host other in _hosts.Values)
        {
            if (!this[other.Id, ended.Id].IsCut && !this[ended.Id, other.Id].IsCut)
                other.Process?.Post(ReplicaEvent.Refused(new NodeId(ended.Id)));
        }

        RefuseFor(ended);
    });

    /// <summary>Ends all that is wrong.</summary>
    public void Heal()
    {
        _limits.Clear();
        foreach (Link link in Links)
            link.Heal();
    }

    public Link this[ulong from, ulong to]
    {
        get
        {
            if (!_links.TryGetValue((from, to), out Link? link))
                _links[(from, to)] = link = new Link(world, delay);
            return link;
        }
    }

    private void Send(ulong from, Message message)
    {
        ulong to = message.To.Value;
        if (message.Type == MessageType.Append)
            CountAppend(from, to);
        Link link = this[from, to];
        if (!_hosts.TryGetValue(to, out Host? host) || link.Loses())
        {
            world.Trace.Note(world.Now, from, TraceKind.Lost, (long)message.Type, (long)message.Index, message.To);
            if (world.Chance(NoticedLossChance))
                world.After(link.Draw(), () => Report(from, ReplicaEvent.Unreachable(message.To)));
            return;
        }

        world.Trace.Note(world.Now, from, TraceKind.Sent, (long)message.Type, (long)message.Index, message.To);
        world.After(link.Draw(), () => host.Receive(message));
        if (message.Type != MessageType.Propose && link.Doubles())
            world.After(link.Draw(), () => host.Receive(message));
    }

    private void CountAppend(ulong from, ulong to)
    {
        if (!_limits.TryGetValue(from, out AppendLimit limit))
            return;
        int sent = limit.Sent.GetValueOrDefault(to);
        limit.Sent[to] = sent + 1;
        if (sent < limit.Each)
            return;
        _limits.Remove(from);
        limit.End();
    }

    private void SendSnapshot(ulong from, OutgoingSnapshot snapshot)
    {
        Message message = AsTold(from, snapshot.Message);
        byte[] pages = new byte[snapshot.Bytes];
        snapshot.Read(0, pages);
        snapshot.Dispose();
        SnapshotsSent++;
        world.Trace.Note(
            world.Now, from, TraceKind.Sent, (long)message.Type, (long)message.Snapshot!.Id.Index, message.To);

        // It takes long, and a connection that breaks on the way breaks all of it.
        Link link = this[from, message.To.Value];
        TimeSpan time = link.Draw() + TimeSpan.FromSeconds((double)pages.Length / BytesPerSecond);
        world.After(time, () =>
        {
            if (_hosts.TryGetValue(message.To.Value, out Host? host) && !link.Loses())
                Deliver(message, pages, host);
            else
                ReportSnapshot(message, isSuccess: false);
        });
    }

    private Message AsTold(ulong from, Message message) =>
        _understated.Remove((from, message.To), out Snapshot? told) && told.Id < message.Snapshot!.Id
            ? message.With(new Snapshot(told.Id, told.Conf, message.Snapshot.Data))
            : message;

    // A connection to a process that stands still waits; to one that ends it breaks.
    private void Deliver(Message message, byte[] pages, Host host)
    {
        if (host.Process is { IsPaused: true })
            world.After(Pause, () => Deliver(message, pages, host));
        else
            ReportSnapshot(message, host.TryReceive(message, pages));
    }

    // Tells the sender how its snapshot fared.
    private void ReportSnapshot(Message message, bool isSuccess) =>
        _hosts[message.From.Value].Process?.Post(ReplicaEvent.SnapshotSent(message.To, isSuccess));

    private void Report(ulong to, in ReplicaEvent happened) => _hosts[to].Process?.Post(happened);

    private sealed class Port(SimulatedNetwork network, ulong self) : INetwork
    {
        public void Send(Message message) => network.Send(self, message);

        public void SendSnapshot(OutgoingSnapshot snapshot) => network.SendSnapshot(self, snapshot);

        public bool IsConnected(NodeId member, TimeSpan since) => !network[self, member.Value].IsCut;
    }

    private readonly record struct AppendLimit(int Each, Action End, Dictionary<ulong, int> Sent);
}
