using System.Buffers.Binary;

namespace Kv.Raft;

/// <summary>Answers a leader's and its followers' questions for an index at which it is safe to read. The commit index
/// is such an index if this node leads at a moment after the question: a majority that answers a heartbeat sent
/// after it has elected no other leader before it (Raft §8, ReadOnlySafe in etcd).</summary>
internal sealed class LeaderReads(RaftState state)
{
    private readonly ReadOnlyQueue _queue = new();

    private RaftLog Log => state.Log;

    public bool TryAsk(in ReadRequest request) => _queue.TryAdd(request);

    public void Clear() => _queue.Clear();

    /// <summary>What a heartbeat of the clock carries: the last round again, in case its own heartbeats were
    /// lost.</summary>
    public ReadOnlyMemory<byte> RepeatedContext() => _queue.HasAsked ? Context(_queue.Round) : default;

    /// <summary>Begins a round for what gathered and answers what is proven. Returns the context that a heartbeat is to
    /// be sent with now; empty if none is due.</summary>
    public ReadOnlyMemory<byte> Proceed()
    {
        // A leader new in office may not know yet how much its forerunner committed: its first own entry, once
        // committed, proves that (§8). A lone voter's log, too, may end beyond the commit index it restored.
        ReadOnlyMemory<byte> context = default;
        bool hasCommittedInTerm = Log.TryTerm(Log.Committed, out ulong term) && term == state.Term;
        if (_queue.HasGathered && hasCommittedInTerm)
        {
            _queue.BeginRound(Log.Committed);
            if (state.Tracker.Self is { } self)
                self.AckedRound = _queue.Round;
            if (!state.Tracker.Quorum.IsOnly(state.Id))
                context = Context(_queue.Round);
        }

        if (_queue.HasAsked)
            AnswerProven();
        return context;
    }

    public void OnHeartbeatResponse(Progress from, ReadOnlySpan<byte> context)
    {
        if (context.Length != sizeof(ulong))
            return;

        ulong round = BinaryPrimitives.ReadUInt64LittleEndian(context);
        if (round <= _queue.Round)
            from.AckedRound = Math.Max(from.AckedRound, round);
    }

    private void AnswerProven()
    {
        ulong proven = state.Tracker.Quorum.Agreed(static member => member.AckedRound);
        while (_queue.TryTake(proven, out ReadRequest request, out ulong index))
        {
            if (request.From == state.Id)
                state.ReadStates.Add(new ReadState(request.Context, index));
            else
                Answer(request, index);
        }
    }

    private void Answer(in ReadRequest request, ulong index) =>
        state.Outbox.Send(new Message
        {
            Type = MessageType.ReadIndexResponse,
            To = request.From,
            From = state.Id,
            Term = state.Term,
            Index = index,
            Entries = ReadContext.ToEntries(request.RemoteContext),
        });

    private static byte[] Context(ulong round)
    {
        byte[] context = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(context, round);
        return context;
    }
}
