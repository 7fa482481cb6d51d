using Kv.Store;

namespace Kv.Replication;

/// <summary>Requests that were passed on to the leader. They come back as entries of the log, without the tag that
/// leads from an entry proposed here to who waits for it, so they are found by the number that the entry carries. The
/// replica adds them before they leave, the apply lane takes them out. On a leader there are none, and then all this
/// costs is a look at a number.</summary>
public sealed class ForwardedRequests
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Waiter> _waiting = [];
    private int _count;

    internal bool IsEmpty => Volatile.Read(ref _count) == 0;

    internal void Add(Proposal proposal, long round)
    {
        if (TryReadId(proposal.Entry.Span, out ulong id))
            Add(id, new Waiter(proposal, round, Change: null));
    }

    internal void Add(ConfProposal proposal) => Add(proposal.Change.Id, new Waiter(null, Round: 0, proposal));

    /// <summary>The proposal that made this entry, if somebody waits for it; whoever calls may settle it.</summary>
    internal Proposal? Claim(ReadOnlySpan<byte> entry)
    {
        if (IsEmpty || !TryReadId(entry, out ulong id) || !TryTake(id, out Waiter waiter))
            return null;
        return waiter.Proposal is { } proposal && proposal.TryClaim(waiter.Round) ? proposal : null;
    }

    internal ConfProposal? Take(ulong changeId) =>
        !IsEmpty && TryTake(changeId, out Waiter waiter) ? waiter.Change : null;

    /// <summary>Nobody waits for it any more.</summary>
    internal void Remove(Proposal proposal)
    {
        if (!IsEmpty && TryReadId(proposal.Entry.Span, out ulong id))
            TryTake(id, out _);
    }

    internal void Remove(ConfProposal proposal) => Take(proposal.Change.Id);

    private static bool TryReadId(ReadOnlySpan<byte> entry, out ulong id)
    {
        bool isRequest = LoggedRequest.TryParse(entry, out LoggedRequest request);
        id = request.Id;
        return isRequest && id != 0;
    }

    private void Add(ulong id, Waiter waiter)
    {
        lock (_gate)
        {
            _waiting[id] = waiter;
            Volatile.Write(ref _count, _waiting.Count);
        }
    }

    private bool TryTake(ulong id, out Waiter waiter)
    {
        lock (_gate)
        {
            bool isThere = _waiting.Remove(id, out waiter);
            Volatile.Write(ref _count, _waiting.Count);
            return isThere;
        }
    }

    private readonly record struct Waiter(Proposal? Proposal, long Round, ConfProposal? Change);
}
