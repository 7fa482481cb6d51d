using Etcdserverpb;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Tells what has changed in the state that all members share and operators look at: alarms, and the version
/// of the cluster. Finds out by comparing with what was there when it last looked. One thread's.</summary>
internal sealed class StateNotices
{
    private readonly ServerMetrics _metrics;
    private readonly StoreParts _store;
    private readonly ILogger _log;
    private readonly HashSet<AlarmMember> _alarms = [];
    private string _version;

    public StateNotices(ServerMetrics metrics, StoreParts store, ILogger log)
    {
        _metrics = metrics;
        _store = store;
        _log = log;
        _version = store.Members.Version;
        ShowVersion();
        foreach (AlarmMember alarm in store.Alarms.Raised(AlarmType.None))
        {
            _alarms.Add(alarm);
            Show(alarm, isRaised: true);
        }
    }

    public void NoticeAlarms()
    {
        HashSet<AlarmMember> raised = [.. _store.Alarms.Raised(AlarmType.None)];
        foreach (AlarmMember alarm in raised.Where(alarm => !_alarms.Contains(alarm)))
        {
            Show(alarm, isRaised: true);
            Log.RaisedAlarm(_log, Name(alarm), MemberIds.ToText(alarm.MemberID));
        }

        foreach (AlarmMember alarm in _alarms.Where(alarm => !raised.Contains(alarm)))
        {
            Show(alarm, isRaised: false);
            Log.DisarmedAlarm(_log, Name(alarm), MemberIds.ToText(alarm.MemberID));
        }

        _alarms.Clear();
        _alarms.UnionWith(raised);
    }

    public void NoticeVersion()
    {
        string version = _store.Members.Version;
        if (version == _version)
            return;
        if (_version.Length == 0)
            Log.SetInitialClusterVersion(_log, Short(version));
        else
            Log.UpdatedClusterVersion(_log, Short(version));
        if (Version.TryParse(_version, out Version? before) && Version.Parse(version) < before)
            Log.ReadyToDowngrade(_log, Short(version));
        _version = version;
        ShowVersion();
    }

    private static string Name(AlarmMember alarm) => alarm.Alarm.ToString().ToUpperInvariant();

    // Metrics and log lines have major and minor only.
    private static string Short(string version) => version[..version.LastIndexOf('.')];

    private void Show(AlarmMember alarm, bool isRaised) =>
        _metrics.SetAlarm(MemberIds.ToText(alarm.MemberID), Name(alarm), isRaised);

    private void ShowVersion()
    {
        if (_version.Length > 0)
            _metrics.SetClusterVersion(Short(_version));
    }
}
