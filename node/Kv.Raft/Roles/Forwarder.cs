namespace Kv.Raft;

/// <summary>Passes on to the leader what only a leader can do. Proposals that gather before an output travel in one
/// message.</summary>
internal sealed class Forwarder(RaftState state)
{
    private readonly List<Entry> _proposals = [];

    public void ForwardProposal(EntryType type, ReadOnlyMemory<byte> data, object? tag) =>
        _proposals.Add(new Entry(EntryId.Zero, type, data, tag));

    public void ForwardRead(ReadOnlyMemory<Entry> context) =>
        state.Outbox.Send(new Message
        {
            Type = MessageType.ReadIndex,
            To = state.Leader,
            From = state.Id,
            Entries = context,
        });

    /// <summary>The sender of this message is whoever leadership shall go to; so etcd has it.</summary>
    public void ForwardTransfer(NodeId to) =>
        state.Outbox.Send(new Message
        {
            Type = MessageType.TransferLeader,
            To = state.Leader,
            From = to,
            Term = state.Term,
        });

    /// <summary>Passes on a message of a node that took this one for the leader.</summary>
    public void Relay(Message message)
    {
        if (state.Leader == NodeId.None || state.Leader == message.From)
            return;

        state.Outbox.Send(new Message
        {
            Type = message.Type,
            To = state.Leader,
            From = message.From,
            Term = message.Type == MessageType.TransferLeader ? state.Term : 0,
            Entries = message.Entries,
            Context = message.Context,
        });
    }

    public void Flush()
    {
        int start = 0;
        while (start < _proposals.Count)
        {
            int end = start + 1;
            long bytes = _proposals[start].Bytes;
            while (end < _proposals.Count && bytes + _proposals[end].Bytes <= state.Options.MessageBytesMax)
            {
                bytes += _proposals[end].Bytes;
                end++;
            }

            SendOrDrop(start, end);
            start = end;
        }

        _proposals.Clear();
    }

    private void SendOrDrop(int start, int end)
    {
        if (state.Leader == NodeId.None || state.Leader == state.Id)
        {
            state.Dropped.AddRange(_proposals.GetRange(start, end - start).Where(entry => entry.Tag is not null));
            return;
        }

        var entries = new Entry[end - start];
        for (int i = start; i < end; i++)
            entries[i - start] = _proposals[i].WithoutTag();
        state.Outbox.Send(new Message
        {
            Type = MessageType.Propose,
            To = state.Leader,
            From = state.Id,
            Entries = entries,
        });
    }
}
