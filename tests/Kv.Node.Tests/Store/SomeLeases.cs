using Kv.Store;

namespace Kv.Node.Tests.Store;

/// <summary>Leases that exist because the test says so, and what hangs on them.</summary>
internal sealed class SomeLeases : ILeaseAttachments
{
    private readonly SortedDictionary<byte[], long> _attached = new(new BytesOrder());

    public HashSet<long> Known { get; } = [];

    public IEnumerable<(long Lease, string Key)> Attached =>
        _attached.Select(pair => (pair.Value, System.Text.Encoding.Latin1.GetString(pair.Key)));

    public bool Exists(long lease) => Known.Contains(lease);

    public void Attach(long lease, ReadOnlySpan<byte> key) => _attached[key.ToArray()] = lease;

    public void Detach(ReadOnlySpan<byte> key)
    {
        if (_attached.Count > 0)
            _attached.Remove(key.ToArray());
    }
}
