using Authpb;

namespace Kv.Store;

/// <summary>What one user may read and write: the union of the permissions of all the user's roles, as disjoint
/// intervals in key order, so that a request's range is covered if it lies inside one of them. Built once per user
/// and change of the auth store.</summary>
internal sealed class AuthPermissions
{
    private readonly List<KeyInterval> _read;
    private readonly List<KeyInterval> _write;

    public AuthPermissions(IEnumerable<Role> roles)
    {
        var read = new List<KeyInterval>();
        var write = new List<KeyInterval>();
        foreach (Permission permission in roles.SelectMany(role => role.KeyPermission))
        {
            var interval = KeyInterval.Of(permission.Key.Span, permission.RangeEnd.Span);
            if (permission.PermType is Permission.Types.Type.Read or Permission.Types.Type.Readwrite)
                read.Add(interval);
            if (permission.PermType is Permission.Types.Type.Write or Permission.Types.Type.Readwrite)
                write.Add(interval);
        }

        _read = KeyInterval.Merge(read);
        _write = KeyInterval.Merge(write);
    }

    public bool Covers(bool isWrite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd)
    {
        List<KeyInterval> intervals = isWrite ? _write : _read;

        // Disjoint and in order, so only the last one that begins at the key or before it can hold the range.
        int low = 0;
        int high = intervals.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (key.SequenceCompareTo(intervals[middle].Start) < 0)
                high = middle;
            else
                low = middle + 1;
        }

        return low > 0 && intervals[low - 1].Contains(key, rangeEnd);
    }
}
