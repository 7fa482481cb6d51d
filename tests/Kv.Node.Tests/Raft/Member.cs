using System.Text;
using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>A node with its disk and its store, driven step by step: what it wants written, applied and sent gathers in
/// queues until the test lets it happen. A crash loses what had not happened.</summary>
internal sealed class Member
{
    private readonly Func<NodeId, RaftOptions> _options;
    private readonly Queue<Output> _unwritten = [];
    private readonly Queue<Output> _unapplied = [];

    public Member(NodeId id, Func<NodeId, RaftOptions> options, RestoredState restored)
    {
        Id = id;
        _options = options;
        Disk = new MemberDisk(restored);
        Memory = new MemberDisk(restored);
        Store = new MemberStore(restored.Applied, restored.Conf);
        Raft = new RaftNode(options(id), Disk.Restore(Store));
    }

    public NodeId Id { get; }

    public RaftNode Raft { get; private set; }

    public MemberDisk Disk { get; private set; }

    /// <summary>The log as the node has it, written or not; so far as its output was taken.</summary>
    public MemberDisk Memory { get; private set; }

    public MemberStore Store { get; private set; }

    public bool IsUp { get; private set; } = true;

    /// <summary>Messages that have left this member.</summary>
    public Queue<Message> Sent { get; } = [];

    public List<ReadState> ReadStates { get; } = [];

    public List<Entry> Dropped { get; } = [];

    public bool HasUnwritten => _unwritten.Count > 0;

    public bool HasUnapplied => _unapplied.Count > 0;

    /// <summary>Takes the node's output; returns it, or null if there is none.</summary>
    public Output? Take()
    {
        var output = new Output();
        if (!Raft.TakeOutput(output))
            return null;

        Memory.Write(output);
        foreach (Message message in output.Messages)
            Send(message);
        ReadStates.AddRange(output.ReadStates);
        Dropped.AddRange(output.Dropped);
        if (output.WriteNumber != 0 || output.HardState is not null)
            _unwritten.Enqueue(output);
        if (output.Committed.Count > 0 || output.Snapshot is not null)
            _unapplied.Enqueue(output);
        return output;
    }

    /// <summary>Lets the oldest write become durable, and the promises leave that waited for it.</summary>
    public Output Persist()
    {
        Output output = _unwritten.Dequeue();
        Disk.Write(output);
        if (output.WriteNumber != 0)
            Raft.OnPersisted(output.WriteNumber);
        foreach (Message message in output.MessagesAfterPersist)
            Send(message);
        return output;
    }

    /// <summary>Whether what is next to be applied may be: a snapshot is stored before the store takes it in.</summary>
    public bool CanApply =>
        _unapplied.TryPeek(out Output? next) && (next.Snapshot is null || !_unwritten.Contains(next));

    public Output Apply()
    {
        Output output = _unapplied.Dequeue();
        if (output.Snapshot is { } snapshot)
        {
            Store.Restore(snapshot);
            Raft.OnApplied(snapshot.Id.Index);
        }

        foreach (Entry entry in output.Committed)
        {
            ConfState conf = ConfChangeCodec.TryDecode(entry, out ConfChangeV2? change)
                ? Raft.ApplyConfChange(entry.Index, change)
                : Store.Conf;
            Store.Apply(entry, conf);
            Raft.OnApplied(entry.Index);
        }

        return output;
    }

    /// <summary>Drops the log up to <paramref name="index"/>, in memory and on disk.</summary>
    public void Compact(ulong index)
    {
        Store.Save();
        Raft.Compact(index);
        Disk.Compact(index);
        Memory.Compact(index);
    }

    /// <summary>Stops at once. Of the write that was under way, the first so many entries are on disk.</summary>
    public void Crash(int tornEntries = 0)
    {
        IsUp = false;
        if (_unwritten.TryPeek(out Output? underWay))
            Disk.WriteTorn(underWay, tornEntries);
        _unwritten.Clear();
        _unapplied.Clear();
        Sent.Clear();
    }

    public void Restart()
    {
        Store = Store.AsAfterCrash();
        RestoredState restored = Disk.Restore(Store);
        Disk = new MemberDisk(restored);
        Memory = new MemberDisk(restored);
        Raft = new RaftNode(_options(Id), restored);
        IsUp = true;
    }

    private void Send(Message message)
    {
        if (message.Snapshot is { } snapshot)
            message = WithContent(message, Store.ToSnapshot(atLeast: snapshot.Id));
        Sent.Enqueue(message);
    }

    private static Message WithContent(Message message, Snapshot snapshot) => new()
    {
        Type = message.Type,
        To = message.To,
        From = message.From,
        Term = message.Term,
        Snapshot = snapshot,
    };

    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append($"{Id} {Raft.Role} term={Raft.Term} lead={Raft.LeaderId} last={Raft.LastEntry}");
        text.Append($" commit={Raft.Committed} applied={Raft.Applied}");
        return text.ToString();
    }
}
