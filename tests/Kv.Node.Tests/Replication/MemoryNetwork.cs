using Kv.Raft;
using Kv.Replication;
using Kv.Storage;

namespace Kv.Node.Tests.Replication;

/// <summary>Carries messages between members in the order they were sent, one when it is asked to. What is cut is
/// lost.</summary>
internal sealed class MemoryNetwork
{
    private readonly Queue<(Message Message, byte[]? Pages)> _onTheWay = new();
    private readonly Dictionary<NodeId, (SteppedMember Member, IDisk Disk)> _members = [];
    private readonly HashSet<(NodeId From, NodeId To)> _cuts = [];

    public bool IsEmpty => _onTheWay.Count == 0;

    public int SnapshotsSent { get; private set; }

    /// <summary>Messages of these kinds are kept instead of carried, until they are let go.</summary>
    public HashSet<MessageType> Held { get; } = [];

    /// <summary>Of these members it is said that there is no connection to them.</summary>
    public HashSet<NodeId> LooksDown { get; } = [];

    /// <summary>What messages say of the snapshots they bring, instead of the truth.</summary>
    public Func<EntryId, (EntryId Id, ConfState Conf)>? Understate { get; set; }

    /// <summary>Whether a page file does not say at which entry it was left, as those of etcd 3.4.</summary>
    public bool TakesAsTold { get; set; }

    public INetwork For(ulong id) => new Port(this, new NodeId(id));

    public void Connect(SteppedMember member, IDisk disk) => _members[member.Id] = (member, disk);

    public void Disconnect(NodeId id) => _members.Remove(id);

    public void Cut(NodeId one, NodeId other)
    {
        _cuts.Add((one, other));
        _cuts.Add((other, one));
    }

    public void Heal() => _cuts.Clear();

    /// <summary>Carries what is next; false if there is nothing that may go.</summary>
    public bool Deliver()
    {
        for (int left = _onTheWay.Count; left > 0; left--)
        {
            (Message message, byte[]? pages) = _onTheWay.Dequeue();
            if (Held.Contains(message.Type))
            {
                _onTheWay.Enqueue((message, pages));
                continue;
            }

            Deliver(message, pages);
            return true;
        }

        return false;
    }

    private void Deliver(Message message, byte[]? pages)
    {
        bool arrives = _members.TryGetValue(message.To, out (SteppedMember Member, IDisk Disk) to)
            && _members.ContainsKey(message.From)
            && !_cuts.Contains((message.From, message.To));
        try
        {
            if (arrives && pages is null)
                to.Member.Inbox.Post(ReplicaEvent.Received(message));
            else if (arrives)
                Receive(message, pages!, to);
        }
        catch (Exception) when (message.Type == MessageType.Snapshot)
        {
            Report(message, isSuccess: false);
            throw;
        }

        if (message.Type == MessageType.Snapshot)
            Report(message, arrives);
        else if (!arrives && _members.TryGetValue(message.From, out (SteppedMember Member, IDisk _) from))
            from.Member.Inbox.Post(ReplicaEvent.Unreachable(message.To));
    }

    // As a receiver of snapshots does it: the file has its name only when it is whole.
    private void Receive(Message message, byte[] pages, (SteppedMember Member, IDisk Disk) to)
    {
        ulong index = message.Snapshot!.Id.Index;
        string unfinished = Path.Combine(SteppedMember.Files.Snapshots, "tmp.received");
        using (IFile file = to.Disk.Open(unfinished, FileAccessMode.Create))
        {
            file.Write(0, pages);
            file.Sync();
        }

        to.Disk.Rename(unfinished, SteppedMember.Files.ReceivedPageFile(index));
        to.Disk.SyncDirectory(SteppedMember.Files.Snapshots);
        Message? admitted = message;
        if (!TakesAsTold)
            Assert.True(new SnapshotFiles(to.Disk, SteppedMember.Files).TryAdmit(message, out admitted, out _));
        to.Member.Inbox.Post(ReplicaEvent.ReceivedSnapshot(admitted!));
    }

    private void Report(Message message, bool isSuccess)
    {
        if (_members.TryGetValue(message.From, out (SteppedMember Member, IDisk _) from))
            from.Member.Inbox.Post(ReplicaEvent.SnapshotSent(message.To, isSuccess));
    }

    private sealed class Port(MemoryNetwork network, NodeId self) : INetwork
    {
        public void Send(Message message) => network._onTheWay.Enqueue((message, null));

        public void SendSnapshot(OutgoingSnapshot snapshot)
        {
            network.SnapshotsSent++;
            byte[] pages = new byte[snapshot.Bytes];
            Assert.Equal(pages.Length, snapshot.Read(0, pages));
            network._onTheWay.Enqueue((Understated(snapshot.Message), pages));
            snapshot.Dispose();
        }

        private Message Understated(Message message)
        {
            if (network.Understate is null)
                return message;
            (EntryId id, ConfState conf) = network.Understate(message.Snapshot!.Id);
            return message.With(new Snapshot(id, conf, message.Snapshot.Data));
        }

        public bool IsConnected(NodeId member, TimeSpan since) =>
            network._members.ContainsKey(member)
            && !network._cuts.Contains((self, member))
            && !network.LooksDown.Contains(member);
    }
}
