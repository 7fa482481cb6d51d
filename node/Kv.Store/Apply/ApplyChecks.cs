namespace Kv.Store;

/// <summary>What is said against a request when it is applied, from the state of the store: the cluster is corrupt,
/// there is no space, the user may not.</summary>
internal sealed class ApplyChecks(StoreParts parts)
{
    private const int RangeField = 3;
    private const int LeaseGrantField = 8;
    private const int LeaseRevokeField = 9;
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
        field is >= FirstAuthField and <= LastAuthField and not AuthenticateField;

    // Exactly what etcd checks when it applies an entry, and nothing more: what one member refuses and another applies
    // makes two stores of one. Compactions, new leases and alarms are checked where they are called, and then not
    // again; what changes users needs root, but not root's latest word. The requests of members themselves bear no
    // user, but for the end of a lease, which is root's.
    private KvError CheckUser(in LoggedRequest request) => IsRootOnly(request.Field)
        ? parts.Auth.CheckRoot(request.UserName)
        : PermissionChecks.Check(parts, request);
}
