using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Which members have raised which alarm, as the log says; kept in bucket "alarm", whose keys are the encoded
/// alarms and whose values are empty. Changed on the apply lane, read from any thread: what is read is replaced
/// whole.</summary>
public sealed class AlarmBook
{
    private readonly Backend _backend;
    private volatile AlarmMember[] _raised;

    /// <exception cref="Kv.Storage.CorruptDataException">A row is no alarm.</exception>
    public AlarmBook(Backend backend)
    {
        _backend = backend;
        _raised = Load(backend);
        Publish();
    }

    /// <summary>Whether a member has no space: then nothing may be written that takes any.</summary>
    public bool HasNoSpace { get; private set; }

    /// <summary>Whether members were found to differ: then nothing may be written at all.</summary>
    public bool IsCorrupt { get; private set; }

    /// <summary>The alarms of a kind, or all for kind NONE. Not to be changed.</summary>
    public IEnumerable<AlarmMember> Raised(AlarmType kind) =>
        _raised.Where(alarm => kind == AlarmType.None || alarm.Alarm == kind);

    /// <summary>The alarms as Status tells of them.</summary>
    public IEnumerable<string> Texts() => _raised.Select(alarm => string.Create(
        CultureInfo.InvariantCulture,
        $"memberID:{alarm.MemberID} alarm:{alarm.Alarm.ToString().ToUpperInvariant()} "));

    /// <summary>Raises an alarm, or finds it raised.</summary>
    public AlarmMember Activate(ulong memberId, AlarmType kind)
    {
        if (Find(memberId, kind) is { } known)
            return known;

        var alarm = new AlarmMember { MemberID = memberId, Alarm = kind };
        _backend.Put(StoreBucket.Alarm, alarm.ToByteArray(), []);
        _raised = [.. _raised, alarm];
        Publish();
        return alarm;
    }

    /// <summary>Ends an alarm; null if it was not raised.</summary>
    public AlarmMember? Deactivate(ulong memberId, AlarmType kind)
    {
        AlarmMember? alarm = Find(memberId, kind);
        if (alarm is null)
            return null;

        _backend.Delete(StoreBucket.Alarm, alarm.ToByteArray());
        _raised = [.. _raised.Where(other => !other.Equals(alarm))];
        Publish();
        return alarm;
    }

    /// <summary>Forgets all, and says what another store says. The apply lane's.</summary>
    internal void Restore(IBucketReader from)
    {
        _raised = Load(from);
        Publish();
    }

    private static AlarmMember[] Load(IBucketReader from)
    {
        var raised = new List<AlarmMember>();
        from.ForEach(StoreBucket.Alarm, (key, _) => raised.Add(
            DamagedRow.Parse(AlarmMember.Parser, key, from, StoreBucket.Alarm, key)));
        return [.. raised];
    }

    private AlarmMember? Find(ulong memberId, AlarmType kind) =>
        Array.Find(_raised, alarm => alarm.MemberID == memberId && alarm.Alarm == kind);

    private void Publish()
    {
        HasNoSpace = Array.Exists(_raised, static alarm => alarm.Alarm == AlarmType.Nospace);
        IsCorrupt = Array.Exists(_raised, static alarm => alarm.Alarm == AlarmType.Corrupt);
    }
}
