namespace Kv.Raft;

/// <summary>A question for an index at which it is safe to read, from this node or from another.</summary>
internal readonly record struct ReadRequest(NodeId From, ulong Context, ReadOnlyMemory<byte> RemoteContext);

/// <summary>Questions that wait for proof that this node leads. All that gathered since the last output share one
/// round of heartbeats, and who answers a round has answered all before it; so the rounds are numbers, and the
/// last one proven is the number that a majority has reached (Raft thesis §6.4).</summary>
internal sealed class ReadOnlyQueue
{
    /// <summary>More are refused: a reader asks again.</summary>
    private const int CountMax = 64 * 1024;

    private readonly Queue<(ulong Round, ulong Index, ReadRequest Request)> _asked = [];
    private readonly List<ReadRequest> _gathered = [];

    /// <summary>The last round begun; never falls, so that an answer to a round of an earlier term proves
    /// nothing.</summary>
    public ulong Round { get; private set; }

    public bool HasGathered => _gathered.Count > 0;

    public bool HasAsked => _asked.Count > 0;

    public bool TryAdd(in ReadRequest request)
    {
        bool fits = _gathered.Count + _asked.Count < CountMax;
        if (fits)
            _gathered.Add(request);
        return fits;
    }

    /// <summary>Begins a round for all that gathered. They may read at <paramref name="committed"/> once it is
    /// proven that this node was the leader after they asked.</summary>
    public void BeginRound(ulong committed)
    {
        Round++;
        foreach (ReadRequest request in _gathered)
            _asked.Enqueue((Round, committed, request));
        _gathered.Clear();
    }

    public bool TryTake(ulong provenRound, out ReadRequest request, out ulong index)
    {
        bool isProven = _asked.TryPeek(out (ulong Round, ulong Index, ReadRequest Request) first)
            && first.Round <= provenRound;
        (_, index, request) = first;
        if (isProven)
            _asked.Dequeue();
        return isProven;
    }

    public void Clear()
    {
        _asked.Clear();
        _gathered.Clear();
    }
}
