using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Kv.Store;

/// <summary>Sorted keys in one block of bytes, the part that all of them begin with written once.
/// <code>
/// _bytes  | shared prefix | suffix 0 | suffix 1 | ... | room to grow
/// _ends                   ^end 0 is here      ^end 1
/// _heads  the first four bytes of each suffix as a number
/// </code>
/// Keys of a store share long beginnings (/registry/pods/...), so this takes less than the keys themselves, and a
/// search looks only at what differs: it counts the heads that are less, many at a time and without a branch, then
/// compares the few suffixes that have the same head. The prefix is chosen when a block is cut in two and gets shorter
/// when a key that lacks it comes in. A struct inside the node that owns it: copying it would share the
/// arrays.</summary>
internal struct PackedKeys
{
    private byte[] _bytes;
    private int[] _ends;
    private uint[] _heads;
    private int _prefixLength;
    private int _count;

    public PackedKeys()
    {
        _bytes = [];
        _ends = [];
        _heads = [];
    }

    public readonly int Count => _count;

    /// <summary>Bytes taken by the prefix and all suffixes.</summary>
    public readonly int Bytes => _count == 0 ? _prefixLength : _ends[_count - 1];

    /// <summary>Memory held, room to grow included.</summary>
    public readonly int AllocatedBytes => _bytes.Length + (_ends.Length * (sizeof(int) + sizeof(uint)));

    private readonly ReadOnlySpan<byte> Prefix => _bytes.AsSpan(0, _prefixLength);

    public readonly int LengthOf(int index) => _prefixLength + Suffix(index).Length;

    public readonly int CopyTo(int index, Span<byte> destination)
    {
        ReadOnlySpan<byte> suffix = Suffix(index);
        Prefix.CopyTo(destination);
        suffix.CopyTo(destination[_prefixLength..]);
        return _prefixLength + suffix.Length;
    }

    public readonly byte[] ToArray(int index)
    {
        byte[] key = new byte[LengthOf(index)];
        CopyTo(index, key);
        return key;
    }

    /// <summary>The order of the key at <paramref name="index"/> against another.</summary>
    public readonly int Compare(int index, ReadOnlySpan<byte> key)
    {
        int shared = key.CommonPrefixLength(Prefix);
        if (shared < _prefixLength)
            return shared == key.Length || key[shared] < _bytes[shared] ? 1 : -1;
        return Suffix(index).SequenceCompareTo(key[_prefixLength..]);
    }

    /// <summary>Finds the key, or else the position it would have.</summary>
    public readonly bool Find(ReadOnlySpan<byte> key, out int position)
    {
        int shared = key.CommonPrefixLength(Prefix);
        if (shared < _prefixLength)
        {
            bool isBefore = shared == key.Length || key[shared] < _bytes[shared];
            position = isBefore ? 0 : _count;
            return false;
        }

        ReadOnlySpan<byte> suffix = key[_prefixLength..];
        CountHeads(HeadOf(suffix), out int low, out int same);
        int high = low + same - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = Suffix(middle).SequenceCompareTo(suffix);
            if (order == 0)
            {
                position = middle;
                return true;
            }

            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        position = low;
        return false;
    }

    public void Insert(int position, ReadOnlySpan<byte> key)
    {
        int shared = key.CommonPrefixLength(Prefix);
        if (shared < _prefixLength)
            Repack(shared);

        ReadOnlySpan<byte> suffix = key[_prefixLength..];
        int used = Bytes;
        int start = StartOf(position);
        if (used + suffix.Length > _bytes.Length)
            Array.Resize(ref _bytes, Roomier(used + suffix.Length));
        if (_count == _ends.Length)
        {
            Array.Resize(ref _ends, Roomier(_count + 1));
            Array.Resize(ref _heads, _ends.Length);
        }

        _bytes.AsSpan(start, used - start).CopyTo(_bytes.AsSpan(start + suffix.Length));
        suffix.CopyTo(_bytes.AsSpan(start));
        for (int index = _count; index > position; index--)
            _ends[index] = _ends[index - 1] + suffix.Length;
        _ends[position] = start + suffix.Length;
        _heads.AsSpan(position, _count - position).CopyTo(_heads.AsSpan(position + 1));
        _heads[position] = HeadOf(suffix);
        _count++;
    }

    public void RemoveAt(int position)
    {
        int start = StartOf(position);
        int length = _ends[position] - start;
        int used = Bytes;
        _bytes.AsSpan(start + length, used - start - length).CopyTo(_bytes.AsSpan(start));
        for (int index = position + 1; index < _count; index++)
            _ends[index - 1] = _ends[index] - length;
        _heads.AsSpan(position + 1, _count - position - 1).CopyTo(_heads.AsSpan(position));
        _count--;
    }

    /// <summary>The keys from <paramref name="first"/> up to, not including, <paramref name="end"/>, packed anew with
    /// the longest prefix they have.</summary>
    public readonly PackedKeys Slice(int first, int end)
    {
        Invariant.Require(first >= 0 && first < end && end <= _count);
        int longer = Suffix(first).CommonPrefixLength(Suffix(end - 1));
        int prefixLength = _prefixLength + longer;
        int bytes = prefixLength;
        for (int index = first; index < end; index++)
            bytes += Suffix(index).Length - longer;

        var slice = new PackedKeys
        {
            _bytes = GC.AllocateUninitializedArray<byte>(bytes),
            _ends = new int[end - first],
            _heads = new uint[end - first],
            _prefixLength = prefixLength,
            _count = end - first,
        };
        Prefix.CopyTo(slice._bytes);
        Suffix(first)[..longer].CopyTo(slice._bytes.AsSpan(_prefixLength));
        int position = prefixLength;
        for (int index = first; index < end; index++)
        {
            ReadOnlySpan<byte> suffix = Suffix(index)[longer..];
            suffix.CopyTo(slice._bytes.AsSpan(position));
            position += suffix.Length;
            slice._ends[index - first] = position;
            slice._heads[index - first] = HeadOf(suffix);
        }

        return slice;
    }

    /// <summary>The shortest key that is greater than the one at <paramref name="index"/> - 1 and not greater than the
    /// one at <paramref name="index"/>: what is enough to tell the two sides of a cut apart.</summary>
    public readonly byte[] ShortestBetween(int index)
    {
        ReadOnlySpan<byte> right = Suffix(index);
        int needed = Suffix(index - 1).CommonPrefixLength(right) + 1;
        return [.. Prefix, .. right[..needed]];
    }

    private readonly int StartOf(int index) => index == 0 ? _prefixLength : _ends[index - 1];

    private readonly ReadOnlySpan<byte> Suffix(int index)
    {
        int start = StartOf(index);
        return _bytes.AsSpan(start, _ends[index] - start);
    }

    private void Repack(int prefixLength)
    {
        ReadOnlySpan<byte> added = Prefix[prefixLength..];
        byte[] bytes = GC.AllocateUninitializedArray<byte>(Roomier(Bytes + (added.Length * _count)));
        Prefix[..prefixLength].CopyTo(bytes);
        int position = prefixLength;
        for (int index = 0; index < _count; index++)
        {
            ReadOnlySpan<byte> suffix = Suffix(index);
            added.CopyTo(bytes.AsSpan(position));
            suffix.CopyTo(bytes.AsSpan(position + added.Length));
            position += added.Length + suffix.Length;
        }

        // What the prefix lost, each key gained.
        for (int index = 0; index < _count; index++)
            _ends[index] += added.Length * index;
        _prefixLength = prefixLength;
        _bytes = bytes;
        for (int index = 0; index < _count; index++)
            _heads[index] = HeadOf(Suffix(index));
    }

    // Shorter ones are filled up with zeros, so that a head that is less or greater still tells the order.
    private static uint HeadOf(ReadOnlySpan<byte> suffix)
    {
        if (suffix.Length >= sizeof(uint))
            return BinaryPrimitives.ReadUInt32BigEndian(suffix);

        uint head = 0;
        for (int index = 0; index < suffix.Length; index++)
            head |= (uint)suffix[index] << (24 - (8 * index));
        return head;
    }

    // Each comparison leaves -1 where it holds, so subtracting the results counts.
    private readonly void CountHeads(uint head, out int less, out int same)
    {
        ReadOnlySpan<uint> heads = _heads.AsSpan(0, _count);
        ReadOnlySpan<Vector<uint>> blocks = MemoryMarshal.Cast<uint, Vector<uint>>(heads);
        var wanted = new Vector<uint>(head);
        Vector<uint> lessCounts = default;
        Vector<uint> sameCounts = default;
        foreach (ref readonly Vector<uint> block in blocks)
        {
            lessCounts -= Vector.LessThan(block, wanted);
            sameCounts -= Vector.Equals(block, wanted);
        }

        less = (int)Vector.Sum(lessCounts);
        same = (int)Vector.Sum(sameCounts);
        foreach (uint rest in heads[(blocks.Length * Vector<uint>.Count)..])
        {
            less += rest < head ? 1 : 0;
            same += rest == head ? 1 : 0;
        }
    }

    // A quarter: blocks fill up sooner or later, and being copied each time costs more than the room.
    private static int Roomier(int needed) => needed + (needed >> 2) + 4;
}
