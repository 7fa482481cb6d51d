using Etcdserverpb;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Keeps the page file below its quota: a request that may add to it is refused when there is no room, and the
/// first one that is refused raises the NOSPACE alarm through the log, so that all members refuse from then on until
/// somebody has made room and disarms it.</summary>
internal sealed class Quota(Backend backend, AlarmBook alarms, LoggedRequests log, ulong memberId, long quotaBytes)
{
    private int _isRaising;

    public long Bytes => quotaBytes;

    /// <summary>Whether a request that may add <paramref name="cost"/> bytes may be proposed.</summary>
    public KvError Check(long cost)
    {
        if (cost == 0)
            return KvError.None;
        if (alarms.HasNoSpace)
            return KvError.NoSpace;
        return QuotaCost.Fits(cost, backend.FileBytes, quotaBytes) ? KvError.None : KvError.NoSpace;
    }

    /// <summary>To be awaited after <see cref="Check"/> said NoSpace: raises the alarm if that has not been
    /// done.</summary>
    public async Task RaiseAsync()
    {
        if (alarms.HasNoSpace || Interlocked.Exchange(ref _isRaising, 1) == 1)
            return;
        try
        {
            await log.ProposeAsync(new InternalRaftRequest
            {
                Alarm = new AlarmRequest
                {
                    Action = AlarmRequest.Types.AlarmAction.Activate,
                    Alarm = AlarmType.Nospace,
                    MemberID = memberId,
                },
            });
        }
        finally
        {
            Volatile.Write(ref _isRaising, 0);
        }
    }
}
