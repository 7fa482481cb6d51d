using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Kv.Store.Leases;

/// <summary>The leases there are and the keys that hang on each, as the log says: the same on every member, with no
/// notion of time. A lease is kept in the bucket <c>lease</c> (its id in eight bytes, big-endian, and a
/// <c>leasepb.Lease</c>); which keys hang on it is found anew from the keys themselves when the store opens.
/// <para>Changed on the apply lane. From any thread: whether a lease exists, and its keys, which a lock guards that
/// the apply lane all but always finds free.</para></summary>
public sealed class LeaseBook : ILeaseAttachments
{
    /// <summary>The longest a lease may be granted for, in seconds.</summary>
    public const long TtlMax = 9_000_000_000;

    private readonly long _ttlMin;
    private readonly Dictionary<byte[], Lease> _leaseOfKey = new(KeyEquality.Instance);
    private readonly Dictionary<byte[], Lease>.AlternateLookup<ReadOnlySpan<byte>> _leaseOfKeySpan;
    private readonly Lock _keysGate = new();
    private readonly Backend _backend;
    private volatile ConcurrentDictionary<long, Lease> _leases;

    /// <param name="ttlMin">What a shorter lease is raised to, in seconds: one must outlive the election of a leader
    /// who could keep it alive.</param>
    public LeaseBook(Backend backend, long ttlMin)
    {
        _backend = backend;
        _ttlMin = ttlMin;
        _leaseOfKeySpan = _leaseOfKey.GetAlternateLookup<ReadOnlySpan<byte>>();
        _leases = Load(backend);
    }

    /// <summary>How many leases there are. Any thread, but not for every request.</summary>
    public int Count => _leases.Count;

    /// <summary>Told of leases that come and go; set once, before anything is applied.</summary>
    internal LeaseClock? Clock { get; set; }

    internal IEnumerable<Lease> Leases => _leases.Values;

    /// <summary>The lessor's rule for a request, before it is proposed and when it is applied. Any thread.</summary>
    public static KvError CheckTtl(long ttl) => ttl > TtlMax ? KvError.LeaseTtlTooLarge : KvError.None;

    /// <summary>The TTL that a lease has that was asked for with <paramref name="ttl"/>.</summary>
    public long GrantedTtl(long ttl) => Math.Max(ttl, _ttlMin);

    /// <summary>Adds a lease; <paramref name="grantedTtl"/> is the TTL that it has then.</summary>
    public KvError Grant(long id, long ttl, out long grantedTtl)
    {
        grantedTtl = GrantedTtl(ttl);
        if (id == 0)
            return KvError.LeaseNotFound; // 0 means "no lease" in a put
        if (CheckTtl(ttl) is var error and not KvError.None)
            return error;

        var lease = new Lease(id, grantedTtl, remainingTtl: 0);
        if (!_leases.TryAdd(id, lease))
            return KvError.LeaseExists;
        Store(lease);
        Clock?.OnGranted(lease);
        return KvError.None;
    }

    /// <summary>Finds the keys to be deleted, in order, before the lease is removed. Any thread, but they only stay so
    /// on the apply lane.</summary>
    public bool TryGetKeys(long id, [NotNullWhen(true)] out byte[][]? sortedKeys)
    {
        sortedKeys = null;
        if (!_leases.TryGetValue(id, out Lease? lease))
            return false;
        lock (_keysGate)
            sortedKeys = lease.Keys.ToSortedArray();
        return true;
    }

    /// <summary>Ends a lease whose keys are deleted: part of the same entry, and so of the same commit.</summary>
    public KvError Remove(long id)
    {
        if (!_leases.TryRemove(id, out Lease? lease))
            return KvError.LeaseNotFound;

        lock (_keysGate)
            Invariant.Require(lease.Keys.Count == 0);
        lease.IsRevoked = true;
        Span<byte> key = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, id);
        _backend.Delete(StoreBucket.Lease, key);
        Clock?.OnRevoked();
        return KvError.None;
    }

    /// <summary>Notes what remained of a lease when the leader looked, for the next leader.</summary>
    /// <param name="isKept">Whether that is also stored, which members older than 3.6 do not.</param>
    public KvError Checkpoint(long id, long remainingTtl, bool isKept)
    {
        if (!_leases.TryGetValue(id, out Lease? lease))
            return KvError.LeaseNotFound;
        lease.RemainingTtl = remainingTtl;
        if (isKept)
            Store(lease);
        return KvError.None;
    }

    public bool Exists(long lease) => _leases.ContainsKey(lease);

    public void Attach(long lease, ReadOnlySpan<byte> key)
    {
        bool exists = _leases.TryGetValue(lease, out Lease? target);
        Invariant.Require(exists);
        byte[]? known = null;
        if (_leaseOfKey.Count > 0 && _leaseOfKeySpan.TryGetValue(key, out known, out Lease? former))
        {
            if (former == target)
                return;
            lock (_keysGate)
                former.Keys.Remove(known);
        }

        known ??= key.ToArray();
        _leaseOfKey[known] = target!;
        lock (_keysGate)
            target!.Keys.Add(known);
    }

    public void Detach(ReadOnlySpan<byte> key)
    {
        // Asked for every put without a lease and every deletion; where there are no leases it must cost nothing.
        if (_leaseOfKey.Count == 0 || !_leaseOfKeySpan.Remove(key, out byte[]? known, out Lease? lease))
            return;
        lock (_keysGate)
            lease.Keys.Remove(known);
    }

    /// <summary>Forgets all, and says what another store says, which a snapshot from the leader puts in the place of
    /// this. The keys are attached anew by whoever reads them. The apply lane's.</summary>
    internal void Restore(IBucketReader from)
    {
        foreach (Lease gone in _leases.Values)
        {
            gone.IsRevoked = true;
            Clock?.OnRevoked();
        }

        _leaseOfKey.Clear();
        _leases = Load(from);
    }

    internal bool TryFind(long id, [NotNullWhen(true)] out Lease? lease) => _leases.TryGetValue(id, out lease);

    private ConcurrentDictionary<long, Lease> Load(IBucketReader from)
    {
        var leases = new ConcurrentDictionary<long, Lease>();
        from.ForEach(StoreBucket.Lease, (key, value) =>
        {
            Leasepb.Lease stored = Parse(from, key, value);
            var lease = new Lease(stored.ID, GrantedTtl(stored.TTL), stored.RemainingTTL);
            leases[stored.ID] = lease;
            Clock?.OnGranted(lease);
        });
        return leases;
    }

    private void Store(Lease lease)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, lease.Id);
        var stored = new Leasepb.Lease { ID = lease.Id, TTL = lease.Ttl, RemainingTTL = lease.RemainingTtl };
        _backend.Put(StoreBucket.Lease, key, stored.ToByteArray());
    }

    private static Leasepb.Lease Parse(IBucketReader from, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Leasepb.Lease stored = DamagedRow.Parse(Leasepb.Lease.Parser, value, from, StoreBucket.Lease, key);
        if (key.Length != sizeof(long) || BinaryPrimitives.ReadInt64BigEndian(key) != stored.ID)
            throw from.Damage(StoreBucket.Lease, key, $"lease {stored.ID:x} lies under another id");
        if (Math.Max(stored.TTL, stored.RemainingTTL) > TtlMax)
            throw from.Damage(StoreBucket.Lease, key, $"lease {stored.ID:x} would live longer than any may");
        return stored;
    }
}
