using System.Text;

namespace Kv.Store;

/// <summary>Who is in the cluster, who was and is no longer, and the version that all of them agree on, as the log
/// says.
/// Kept in etcd's buckets "members", "members_removed" and "cluster". Changed on the apply lane; what readers see
/// is replaced whole.</summary>
public sealed class MemberBook
{
    private static readonly Version FirstWrittenDown = new(3, 6, 0);
    private static readonly byte[] RemovedValue = "removed"u8.ToArray();

    private readonly Backend _backend;
    private readonly int _learnersMax;
    private volatile MemberList _list;
    private volatile Action? _changed;

    /// <exception cref="Kv.Storage.CorruptDataException">A row of the buckets is damaged.</exception>
    public MemberBook(Backend backend, int learnersMax)
    {
        _backend = backend;
        _learnersMax = learnersMax;
        _list = MemberList.Load(backend);
    }

    /// <summary>Called on the apply lane after each change.</summary>
    public Action? Changed
    {
        get => _changed;
        set => _changed = value;
    }

    /// <summary>In the order of ids.</summary>
    public IReadOnlyList<ClusterMember> Members => _list.Members;

    /// <summary>As <c>3.5.0</c>; empty until the first leader has set it.</summary>
    public string Version => _list.Version;

    /// <summary>The version that a downgrade under way leads to; null if none is.</summary>
    public string? Downgrade => _list.Downgrade;

    /// <summary>Whether all members are known to be of this version or a later one.</summary>
    public bool IsAtLeast(Version version) =>
        System.Version.TryParse(_list.Version, out Version? agreed) && agreed >= version;

    public ClusterMember? Find(ulong id) => Array.Find(_list.Members, member => member.Id == id);

    public bool IsRemoved(ulong id) => _list.Removed.Contains(id);

    /// <summary>The membership as a <c>.snap</c> file holds it.</summary>
    public byte[] ToV2StoreJson() => _list.ToV2StoreJson();

    /// <summary>Whether a change could be applied now. Asked before a change is proposed, and again by
    /// <see cref="Apply"/>.</summary>
    public KvError Check(MemberChange change, ulong id, ReadOnlySpan<byte> context)
    {
        if (IsRemoved(id))
            return KvError.MemberNotFound;
        ClusterMember? known = Find(id);
        if (change == MemberChange.Remove)
            return known is null ? KvError.MemberNotFound : KvError.None;

        ClusterMember wanted = MemberJson.Decode(context, out bool isPromotion);
        if (isPromotion)
            return CheckPromotion(known);
        if (change == MemberChange.Update)
            return known is null ? KvError.MemberNotFound : CheckUrls(wanted, id);
        if (known is not null)
            return KvError.MemberExists;
        KvError error = CheckUrls(wanted, id);
        bool isOneTooMany = change == MemberChange.AddLearner
            && _list.Members.Count(member => member.IsLearner) >= _learnersMax;
        return error == KvError.None && isOneTooMany ? KvError.TooManyLearners : error;
    }

    /// <summary>Applies a change, or says why it cannot be. <paramref name="context"/> is etcd's JSON of the
    /// member.</summary>
    public KvError Apply(MemberChange change, ulong id, ReadOnlySpan<byte> context)
    {
        KvError error = Check(change, id, context);
        if (error != KvError.None)
            return error;

        if (change == MemberChange.Remove)
        {
            Remove(id);
            return KvError.None;
        }

        ClusterMember wanted = MemberJson.Decode(context, out bool isPromotion);
        if (isPromotion)
            Store(Find(id)! with { IsLearner = false });
        else if (change == MemberChange.Update)
            Store(Find(id)! with { PeerUrls = wanted.PeerUrls });
        else
            Store(wanted with { Id = id, IsLearner = change == MemberChange.AddLearner });
        return KvError.None;
    }

    /// <summary>What a member says of itself when it has started. One that is gone is passed over.</summary>
    public void SetAttributes(ulong id, string name, IReadOnlyList<string> clientUrls)
    {
        if (Find(id) is { } member)
            Store(member with { Name = name, ClientUrls = clientUrls });
    }

    /// <summary>When the cluster goes back to an older version its files do too, or no member of that version could
    /// open them.</summary>
    public void SetVersion(string version)
    {
        _backend.Put(StoreBucket.Cluster, MemberRows.VersionKey, Encoding.ASCII.GetBytes(version));
        LowerStorage(System.Version.Parse(version));
        _list = _list with { Version = version };
        _changed?.Invoke();
    }

    public void SetDowngrade(string? target)
    {
        byte[] json = MemberJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("target-version", target ?? "");
            writer.WriteBoolean("enabled", target is not null);
            writer.WriteEndObject();
        });
        _backend.Put(StoreBucket.Cluster, MemberRows.DowngradeKey, json);
        _list = _list with { Downgrade = target };
    }

    /// <summary>Forgets all, and says what another store says. The apply lane's.</summary>
    internal void Restore(IBucketReader from)
    {
        _list = MemberList.Load(from);
        _changed?.Invoke();
    }

    private static KvError CheckPromotion(ClusterMember? known)
    {
        if (known is null)
            return KvError.MemberNotFound;
        return known.IsLearner ? KvError.None : KvError.MemberNotLearner;
    }

    private KvError CheckUrls(ClusterMember wanted, ulong id) =>
        _list.Members.Any(member => member.Id != id && member.PeerUrls.Intersect(wanted.PeerUrls).Any())
            ? KvError.PeerUrlExists
            : KvError.None;

    private void Store(ClusterMember member)
    {
        _backend.Put(StoreBucket.Members, MemberRows.KeyOf(member.Id), MemberJson.Encode(member));
        IEnumerable<ClusterMember> others = _list.Members.Where(other => other.Id != member.Id);
        _list = _list with { Members = [.. others.Append(member).OrderBy(other => other.Id)] };
        _changed?.Invoke();
    }

    // The formats differ in this alone. One that is not written down is that of 3.5, and stays it.
    private void LowerStorage(Version to)
    {
        bool isThere = _backend.TryGet(StoreBucket.Meta, MetaKeys.StorageVersion, out byte[] stored);
        if (!isThere || !System.Version.TryParse(Encoding.ASCII.GetString(stored), out Version? format) || format <= to)
            return;
        if (to < FirstWrittenDown)
            _backend.Delete(StoreBucket.Meta, MetaKeys.StorageVersion);
        else
            _backend.Put(StoreBucket.Meta, MetaKeys.StorageVersion, Encoding.ASCII.GetBytes(to.ToString(3)));
    }

    private void Remove(ulong id)
    {
        _backend.Delete(StoreBucket.Members, MemberRows.KeyOf(id));
        _backend.Put(StoreBucket.MembersRemoved, MemberRows.KeyOf(id), RemovedValue);
        _list = _list with
        {
            Members = [.. _list.Members.Where(member => member.Id != id)],
            Removed = [.. _list.Removed, id],
        };
        _changed?.Invoke();
    }
}
