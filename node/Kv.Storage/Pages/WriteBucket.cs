using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using static Kv.Storage.Pages.PageLayout;

namespace Kv.Storage.Pages;

/// <summary>A bucket inside a write transaction: what is put is seen at once by whoever asks here, and by readers that
/// begin after the commit. Spans that it returns are valid until the next change.</summary>
public sealed class WriteBucket
{
    private readonly WriteTransaction _transaction;
    private readonly Dictionary<byte[], WriteBucket> _open = new(KeyComparer.Instance);
    private readonly WriteTree _tree;
    private ulong _sequence;
    private bool _hasNewSequence;
    private bool _isDropped;

    internal WriteBucket(WriteTransaction transaction, BucketHeader header)
    {
        _transaction = transaction;
        _tree = new WriteTree(transaction, header);
        _sequence = header.Sequence;
    }

    /// <summary>How full pages are made where a node is cut: high for keys that only ever grow, so that what is left
    /// behind stays full; a half leaves room for keys between.</summary>
    public double FillPercent { get; set; } = 0.5;

    /// <summary>A number kept with the bucket for its owner's use.</summary>
    public ulong Sequence
    {
        get => _sequence;
        set
        {
            RequireOpen();
            _sequence = value;
            _hasNewSequence = true;
        }
    }

    /// <summary>The value of <paramref name="key"/>; false if there is none, or a bucket.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        RequireOpen();
        return _tree.TryFind(key, out value, out bool isBucket) && !isBucket;
    }

    /// <summary>Puts a value of 1 GiB at most under a key of 1 to 32,768 bytes that has no bucket. Both are
    /// copied.</summary>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        RequireOpen();
        Invariant.Require(key.Length is > 0 and <= KeyBytesMax);
        Invariant.Require(value.Length <= 1 << 30);
        _tree.Set(key, value, isBucket: false);
    }

    /// <summary>False if there was no such key, or a bucket.</summary>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        RequireOpen();
        return _tree.Remove(key, isBucket: false);
    }

    public bool TryOpenBucket(ReadOnlySpan<byte> name, [NotNullWhen(true)] out WriteBucket? bucket)
    {
        RequireOpen();
        if (_open.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out bucket))
            return true;
        if (!_tree.TryFind(name, out var value, out bool isBucket) || !isBucket)
            return false;

        var header = BucketHeader.Parse(_transaction.State, _tree.RootPage, value);
        bucket = new WriteBucket(_transaction, header);
        _open.Add(name.ToArray(), bucket);
        return true;
    }

    /// <summary>The name must not have a value.</summary>
    public WriteBucket CreateBucketIfMissing(ReadOnlySpan<byte> name)
    {
        if (TryOpenBucket(name, out var bucket))
            return bucket;

        Invariant.Require(name.Length is > 0 and <= KeyBytesMax);
        Span<byte> empty = stackalloc byte[BucketHeaderBytes + HeaderBytes];
        empty.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(empty[(BucketHeaderBytes + FlagsOffset)..], LeafFlag);
        _tree.Set(name, empty, isBucket: true);

        bool isThere = TryOpenBucket(name, out bucket);
        Invariant.Require(isThere);
        return bucket!;
    }

    /// <summary>Deletes a bucket and all in it; false if there was none.</summary>
    public bool DeleteBucket(ReadOnlySpan<byte> name)
    {
        if (!TryOpenBucket(name, out var bucket))
            return false;

        bucket.Drop();
        _open.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name);
        bool wasThere = _tree.Remove(name, isBucket: true);
        Invariant.Require(wasThere);
        return true;
    }

    /// <summary>Makes pages of all that changed in here and below, and returns the root's. The bucket is of no more use
    /// then.</summary>
    internal PageId Spill()
    {
        SpillBuckets();
        if (!_tree.HasChanged)
            return _tree.RootPage;

        _tree.Rebalance();
        return _tree.Spill(FillPercent);
    }

    internal WriteTree Tree => _tree;

    private void SpillBuckets()
    {
        foreach ((byte[] name, var bucket) in _open)
        {
            bucket.SpillBuckets();
            if (bucket._tree.HasChanged || bucket._hasNewSequence)
                _tree.Set(name, bucket.SpillToValue(), isBucket: true);
        }
    }

    private byte[] SpillToValue()
    {
        if (_tree.HasChanged || _tree.IsInline)
            _tree.Rebalance();

        byte[] value;
        if (_tree.HasChanged && CanBeInline(_tree.Root()))
        {
            var leaf = _tree.Root();
            value = new byte[BucketHeaderBytes + leaf.Bytes];
            leaf.Save(value.AsSpan(BucketHeaderBytes), 0, leaf.Count, new PageId(0), overflow: 0);
            _transaction.Free(leaf);
        }
        else
        {
            var root = _tree.HasChanged ? _tree.Spill(FillPercent) : _tree.RootPage;
            value = new byte[BucketHeaderBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(value, root.Value);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(BucketSequenceOffset), _sequence);
        return value;
    }

    /// <summary>A bucket that is one small leaf with no bucket in it lives in its parent, without a page.</summary>
    private bool CanBeInline(Node root)
    {
        if (!root.IsLeaf || root.Bytes > _transaction.PageSize / 4)
            return false;
        foreach (ref readonly var item in root.Items)
        {
            if (item.IsBucket)
                return false;
        }

        return true;
    }

    private void Drop()
    {
        _tree.Free((name, _) =>
        {
            bool isThere = TryOpenBucket(name, out var bucket);
            Invariant.Require(isThere);
            bucket!.Drop();
        });
        _isDropped = true;
    }

    private void RequireOpen() => Invariant.Require(!_isDropped && !_transaction.IsEnded);
}
