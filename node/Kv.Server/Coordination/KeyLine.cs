using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Server.Coordination;

/// <summary>Keys below a prefix as a line of those who wait: the oldest is first, and the order never changes, since a
/// key's age is the revision that created it. Each that waits looks at the one key before its own, so that the end
/// of one wakes one and not all.
/// <code>
///   lock/31  created at 7    first
///   lock/2a  created at 9    watches lock/31
///   lock/4c  created at 12   watches lock/2a; should that go first, then lock/31
/// </code>
/// It is the line of etcd's client library: programs that use that, and those that call the services here, stand in
/// one.</summary>
/// <param name="store">The API, in the name of whoever waits.</param>
internal sealed class KeyLine(StoreCalls store, ByteString name)
{
    private const byte Separator = (byte)'/';

    private readonly ByteString _prefix = ByteString.CopyFrom([.. name.Span, Separator]);

    /// <summary>The key that a lease has in this line.</summary>
    public ByteString KeyOf(long lease) => ByteString.CopyFrom([.. _prefix.Span, .. HexOf(lease)]);

    /// <summary>The oldest key, alone in the answer; the answer is empty if the line is.</summary>
    public Task<RangeResponse> FirstAsync(CancellationToken cancelled) => store.RangeAsync(First(), cancelled);

    /// <summary>Asks for the oldest key.</summary>
    public RangeRequest First() => Oldest(RangeRequest.Types.SortOrder.Ascend, createdMax: 0);

    /// <summary>Returns when every key is gone that was created before that revision.</summary>
    public async Task UntilFirstAsync(long revision, CancellationToken cancelled)
    {
        while (true)
        {
            RangeRequest before = Oldest(RangeRequest.Types.SortOrder.Descend, createdMax: revision - 1);
            RangeResponse found = await store.RangeAsync(before, cancelled);
            if (found.Kvs.Count == 0)
                return;
            await UntilDeletedAsync(found.Kvs[0].Key, found.Header.Revision, cancelled);
        }
    }

    /// <summary>The first key that is put into the line after that revision, with the header it came with.</summary>
    public async Task<WatchedKey> NextPutAsync(long revision, CancellationToken cancelled)
    {
        using var events = new KeyEvents(store, _prefix, EndOf(_prefix), revision + 1, cancelled);
        while (true)
        {
            WatchedKey next = await events.NextAsync();
            if (!next.IsDeleted)
                return next;
        }
    }

    private static byte[] HexOf(long lease) => System.Text.Encoding.ASCII.GetBytes(lease < 0
        ? $"-{unchecked((ulong)-lease):x}"
        : $"{lease:x}");

    // Of keys that all begin alike. The prefix ends in a slash, so there is always a next one.
    private static ByteString EndOf(ByteString prefix) =>
        ByteString.CopyFrom([.. prefix.Span[..^1], Separator + 1]);

    private RangeRequest Oldest(RangeRequest.Types.SortOrder order, long createdMax) => new()
    {
        Key = _prefix,
        RangeEnd = EndOf(_prefix),
        SortTarget = RangeRequest.Types.SortTarget.Create,
        SortOrder = order,
        Limit = 1,
        MaxCreateRevision = createdMax,
    };

    private async Task UntilDeletedAsync(ByteString key, long revision, CancellationToken cancelled)
    {
        using var events = new KeyEvents(store, key, ByteString.Empty, revision + 1, cancelled);
        while (!(await events.NextAsync()).IsDeleted)
        {
        }
    }
}
