namespace Kv.Storage.Pages;

/// <summary>A view of the file as one commit left it. Nothing it shows changes until it is disposed, whatever is
/// written meanwhile; the price is that no page it can see is used again, so that a reader kept for long makes the
/// file grow. May be read by several threads; disposed once none reads any more.</summary>
public sealed class ReadTransaction : IDisposable
{
    private readonly PageFile _file;
    private CommittedState? _state;

    internal ReadTransaction(PageFile file, CommittedState state)
    {
        _file = file;
        _state = state;
    }

    /// <summary>Of the file.</summary>
    public string Path => State.Path;

    /// <summary>Of the commit that it shows.</summary>
    public ulong Id => State.Id;

    /// <summary>The length of a snapshot of it: see <see cref="ReadSnapshot"/>.</summary>
    public long Bytes => State.Meta.Length;

    /// <summary>The bucket that holds the top-level buckets.</summary>
    public Bucket Root => new(this, BucketHeader.At(State.Meta.Root, State.Meta.Sequence));

    internal CommittedState State => _state ?? throw new ObjectDisposedException(nameof(ReadTransaction));

    public bool TryOpenBucket(ReadOnlySpan<byte> name, out Bucket bucket) => Root.TryOpenBucket(name, out bucket);

    /// <summary>Fills <paramref name="destination"/> with bytes of a page file that holds just what this transaction
    /// shows, from <paramref name="offset"/> of that file on; the count is short only at its end. The file has both
    /// meta pages, for this transaction and the one before, then the pages as they lie in ours.</summary>
    public int ReadSnapshot(long offset, Span<byte> destination)
    {
        var meta = State.Meta;
        int wanted = (int)Math.Min(destination.Length, Math.Max(0, meta.Length - offset));
        destination = destination[..wanted];
        int filled = 0;

        if (offset < 2L * meta.PageSize)
        {
            byte[] metas = new byte[2 * meta.PageSize];
            meta.Write(metas.AsSpan(0, meta.PageSize), slot: 0);
            (meta with { TransactionId = meta.TransactionId - 1 }).Write(metas.AsSpan(meta.PageSize), slot: 1);
            filled = (int)Math.Min(wanted, metas.Length - offset);
            metas.AsSpan((int)offset, filled).CopyTo(destination);
        }

        if (filled < wanted)
            filled += _file.ReadRaw(offset + filled, destination[filled..]);
        if (filled < wanted)
            CorruptDataException.Throw($"{State.Path}, offset {offset + filled}", "the file ends too early");
        return filled;
    }

    public void Dispose()
    {
        var state = Interlocked.Exchange(ref _state, null);
        if (state is not null)
            _file.EndRead(state);
    }
}
