using System.Buffers;

namespace Kv.Store;

/// <summary>Writes the changes of one request after the other: all that one request changes gets one main revision, and
/// sub revisions in the order of the changes. The apply lane's.
/// <para>Each change goes to the index, to the batch as the row that will be in the page file, to the leases and, if
/// anybody listens, to the list of what is published at the end. Readers see none of it before <see cref="End"/> makes
/// the revision current.</para></summary>
internal sealed class StoreWriter(KeySpace space, ILeaseAttachments leases)
{
    private const int StackKeyBytesMax = 256;

    // A list of changes that grew larger than this is not kept for the next request.
    private const int ChangesKeptMax = 4096;

    private Change[] _changes = new Change[16];
    private int _changeCount;
    private long _sub;
    private long _main;
    private OperationTally _tally;

    /// <summary>Who is told of changes; none need be.</summary>
    public IChangeSink? Sink { get; set; }

    public StoreCounts Counts { get; } = new();

    public bool HasChanged => _sub > 0;

    /// <summary>The revision that reads within the request see.</summary>
    public long Revision => _sub > 0 ? _main : _main - 1;

    public void Begin()
    {
        _main = space.Current + 1;
        _sub = 0;
        _changeCount = 0;
        _tally = default;
    }

    /// <summary>Counts a read that is part of the request.</summary>
    public void CountRange() => _tally.Ranges++;

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long lease)
    {
        _tally.Puts++;
        _tally.PutBytes += key.Length + value.Length;
        var revision = new Revision(_main, _sub++);
        KeyState state;
        lock (space.Gate)
            state = space.Index.Put(key, revision);

        int length = KeyValueCodec.SizeOf(key.Length, state, value.Length, lease);
        KeyValueCodec.Write(space.Backend.Arena.Take(length, out PendingBytes place), key, state, value, lease);
        space.Backend.AddRow(revision, isDelete: false, place);
        if (Sink is not null)
            AddChange(revision, isDelete: false, key.Length, place);

        if (lease != 0)
            leases.Attach(lease, key);
        else
            leases.Detach(key);
    }

    /// <summary>Deletes the keys of a range that exist, and notes which revisions they had in
    /// <paramref name="previous"/>.</summary>
    public long DeleteRange(KeyRange range, List<Revision>? previous)
    {
        _tally.Deletes++;
        if (range.IsSingle)
            return DeleteOne(range.Key, previous);

        long before = _sub;
        var scan = new IndexScan(range);
        while (!scan.IsDone)
        {
            lock (space.Gate)
                DeleteStep(ref scan, previous);
        }

        scan.Dispose();
        return _sub - before;
    }

    /// <summary>Makes what was written readable and tells of it; returns the revision that is current now.</summary>
    public long End()
    {
        Counts.Add(_tally);
        if (_sub == 0)
            return space.Current;

        space.Current = _main;
        Sink?.Publish(_main, _changes.AsSpan(0, _changeCount));
        if (_changes.Length > ChangesKeptMax)
            _changes = new Change[ChangesKeptMax];
        else
            _changes.AsSpan(0, _changeCount).Clear();
        return _main;
    }

    private long DeleteOne(ReadOnlySpan<byte> key, List<Revision>? previous)
    {
        var revision = new Revision(_main, _sub);
        lock (space.Gate)
        {
            if (!space.Index.TryGet(key, _main, out KeyState state))
                return 0;
            previous?.Add(state.Modified);
            space.Index.Delete(key, revision);
        }

        _sub++;
        AddDeletion(revision, key);
        return 1;
    }

    // One leaf, inside the gate.
    private void DeleteStep(ref IndexScan scan, List<Revision>? previous)
    {
        Span<byte> onStack = stackalloc byte[StackKeyBytesMax];
        space.Index.MoveNext(ref scan, out IndexLeaf leaf, out int from, out int to);
        for (int position = from; position < to; position++)
        {
            if (!leaf.Slots[position].IsLive)
                continue;

            previous?.Add(leaf.Slots[position].State.Modified);
            var revision = new Revision(_main, _sub++);
            space.Index.DeleteAt(leaf, position, revision);

            int length = leaf.Keys.LengthOf(position);
            byte[]? rented = length > StackKeyBytesMax ? ArrayPool<byte>.Shared.Rent(length) : null;
            Span<byte> key = rented is null ? onStack[..length] : rented.AsSpan(0, length);
            leaf.Keys.CopyTo(position, key);
            AddDeletion(revision, key);
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // What is stored is the beginning of what is published.
    private void AddDeletion(Revision revision, ReadOnlySpan<byte> key)
    {
        int length = KeyValueCodec.SizeOfDeletion(key.Length, revision.Main);
        KeyValueCodec.WriteDeletion(space.Backend.Arena.Take(length, out PendingBytes place), key, revision.Main);
        PendingBytes stored = place with { Length = KeyValueCodec.SizeOfTombstone(key.Length) };
        space.Backend.AddRow(revision, isDelete: true, stored);
        if (Sink is not null)
            AddChange(revision, isDelete: true, key.Length, place);
        leases.Detach(key);
    }

    private void AddChange(Revision revision, bool isDelete, int keyLength, PendingBytes place)
    {
        if (_changeCount == _changes.Length)
            Array.Resize(ref _changes, _changes.Length * 2);
        ReadOnlyMemory<byte> keyValue = space.Backend.Arena.Memory(place);
        ReadOnlyMemory<byte> key = keyValue.Slice(KeyValueCodec.KeyOffset(keyLength), keyLength);
        _changes[_changeCount++] = new Change(revision, isDelete, key, keyValue);
    }
}
