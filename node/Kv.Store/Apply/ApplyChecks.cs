namespace Kv.Store;

/// <summary>What is said against a request when it is applied, from the state of the store: the cluster is corrupt,
/// there is no space, the user may not.</summary>
internal sealed class ApplyChecks(StoreParts parts)
{
    private const int RangeField = 3;
    private const int CompactionField = 7;
    private const int LeaseGrantField = 8;
    private const int LeaseRevokeField = 9;
    private const int AlarmField = 10;
    private const int FirstAuthField = 1000;
    private const int LastAuthField = 1299;
    private const int AuthenticateField = 1012;

    public KvError Check(in LoggedRequest request)
    {
        if (parts.Alarms.IsCorrupt && IsStopped(request.Field))
            return KvError.Corrupt;
        if (parts.Alarms.HasNoSpace && IsCosty(request))
            return KvError.NoSpace;
        return parts.Auth.IsEnabled ? CheckUser(request) : KvError.None;
    }

    private static bool IsStopped(int field) => field is >= RangeField and <= LeaseRevokeField;

    private static bool IsCosty(in LoggedRequest request) => request.Field switch
    {
        LoggedRequest.PutField or LeaseGrantField => true,
        LoggedRequest.TxnField => QuotaCost.Txn(request.Body) > 0,
        _ => false,
    };

    private static bool IsRootOnly(int field) =>
        field is CompactionField || (field is >= FirstAuthField and <= LastAuthField && field != AuthenticateField);

    private KvError CheckUser(in LoggedRequest request)
    {
        bool isUsers = request.Field is >= RangeField and <= AlarmField || IsRootOnly(request.Field);
        if (!isUsers || request.Field == LeaseRevokeField && request.UserName.Length == 0)
            return KvError.None; // of the members themselves: expired leases, versions, attributes
        if (request.Field == AlarmField && request.UserName.Length == 0)
            return KvError.None; // raised by a member that has no space; clients are checked where they call
        if (request.UserName.Length > 0 && request.AuthRevision < parts.Auth.Revision)
            return KvError.AuthOldRevision;
        if (IsRootOnly(request.Field))
            return parts.Auth.CheckRoot(request.UserName);
        return PermissionChecks.Check(parts, request);
    }
}
