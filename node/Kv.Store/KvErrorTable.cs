namespace Kv.Store;

/// <summary>The gRPC code and the exact text of each error: clients tell errors apart by their text.</summary>
public static class KvErrorTable
{
    private const int Canceled = 1;
    private const int Unknown = 2;
    private const int InvalidArgument = 3;
    private const int DeadlineExceeded = 4;
    private const int NotFound = 5;
    private const int PermissionDenied = 7;
    private const int ResourceExhausted = 8;
    private const int FailedPrecondition = 9;
    private const int OutOfRange = 11;
    private const int Unimplemented = 12;
    private const int Internal = 13;
    private const int Unavailable = 14;
    private const int DataLoss = 15;
    private const int Unauthenticated = 16;

    private static readonly (int Code, string Text)[] Rows = Build();

    /// <summary>The number of the gRPC status code.</summary>
    public static int Code(KvError error) => Rows[(int)error].Code;

    public static string Text(KvError error) => Rows[(int)error].Text;

    /// <summary>The error of this text, as another member may have told it; <see cref="KvError.Timeout"/> if there is
    /// none.</summary>
    public static KvError Find(string text)
    {
        int index = Array.FindIndex(Rows, row => row.Text == text);
        return index > 0 ? (KvError)index : KvError.Timeout;
    }

    private static (int Code, string Text)[] Build()
    {
        var rows = new (int Code, string Text)[Enum.GetValues<KvError>().Length];
        rows[(int)KvError.None] = (0, "");
        foreach ((KvError error, int code, string text) in All())
            rows[(int)error] = (code, text);
        return rows;
    }

    private static (KvError Error, int Code, string Text)[] All() =>
    [
        (KvError.Canceled, Canceled, "etcdserver: request canceled"),
        (KvError.WatchCanceled, Canceled, "etcdserver: watch canceled"),
        (KvError.Corrupt, DataLoss, "etcdserver: corrupt cluster"),
        (KvError.DeadlineExceeded, DeadlineExceeded, "etcdserver: context deadline exceeded"),
        (KvError.PeerUrlExists, FailedPrecondition, "etcdserver: Peer URLs already exists"),
        (KvError.AuthNotEnabled, FailedPrecondition, "etcdserver: authentication is not enabled"),
        (KvError.BadLeaderTransferee, FailedPrecondition, "etcdserver: bad leader transferee"),
        (KvError.MemberNotLearner, FailedPrecondition, "etcdserver: can only promote a learner member"),
        (KvError.LearnerNotReady, FailedPrecondition,
            "etcdserver: can only promote a learner member which is in sync with leader"),
        (KvError.ClusterIdMismatch, FailedPrecondition, "etcdserver: cluster ID mismatch"),
        (KvError.DowngradeInProcess, FailedPrecondition, "etcdserver: cluster has a downgrade job in progress"),
        (KvError.ClusterVersionUnavailable, FailedPrecondition,
            "etcdserver: cluster version not found during downgrade"),
        (KvError.LeaseExists, FailedPrecondition, "etcdserver: lease already exists"),
        (KvError.MemberExists, FailedPrecondition, "etcdserver: member ID already exist"),
        (KvError.NoInflightDowngrade, FailedPrecondition, "etcdserver: no inflight downgrade job"),
        (KvError.NotCapable, FailedPrecondition, "etcdserver: not capable"),
        (KvError.NotLeader, FailedPrecondition, "etcdserver: not leader"),
        (KvError.PermissionNotGranted, FailedPrecondition, "etcdserver: permission is not granted to the role"),
        (KvError.MemberNotEnoughStarted, Unknown,
            "etcdserver: re-configuration failed due to not enough started members"),
        (KvError.RoleNotGranted, FailedPrecondition, "etcdserver: role is not granted to the user"),
        (KvError.RoleAlreadyExists, FailedPrecondition, "etcdserver: role name already exists"),
        (KvError.RoleNotFound, FailedPrecondition, "etcdserver: role name not found"),
        (KvError.RootUserNotExist, FailedPrecondition, "etcdserver: root user does not exist"),
        (KvError.RootRoleNotExist, FailedPrecondition, "etcdserver: root user does not have root role"),
        (KvError.NotSupportedForLearner, FailedPrecondition, "etcdserver: rpc not supported for learner"),
        (KvError.TooManyLearners, FailedPrecondition, "etcdserver: too many learner members in cluster"),
        (KvError.UserAlreadyExists, FailedPrecondition, "etcdserver: user name already exists"),
        (KvError.UserNotFound, FailedPrecondition, "etcdserver: user name not found"),
        (KvError.AuthFailed, InvalidArgument, "etcdserver: authentication failed, invalid user ID or password"),
        (KvError.DuplicateKey, InvalidArgument, "etcdserver: duplicate key given in txn request"),
        (KvError.MemberBadUrls, InvalidArgument, "etcdserver: given member URLs are invalid"),
        (KvError.InvalidAuthManagement, InvalidArgument, "etcdserver: invalid auth management"),
        (KvError.InvalidClientApiVersion, InvalidArgument, "etcdserver: invalid client api version"),
        (KvError.InvalidDowngradeTargetVersion, InvalidArgument, "etcdserver: invalid downgrade target version"),
        (KvError.InvalidSortOption, InvalidArgument, "etcdserver: invalid sort option"),
        (KvError.EmptyKey, InvalidArgument, "etcdserver: key is not provided"),
        (KvError.KeyNotFound, InvalidArgument, "etcdserver: key not found"),
        (KvError.LeaseProvided, InvalidArgument, "etcdserver: lease is provided"),
        (KvError.PermissionNotGiven, InvalidArgument, "etcdserver: permission not given"),
        (KvError.RequestTooLarge, InvalidArgument, "etcdserver: request is too large"),
        (KvError.AuthOldRevision, InvalidArgument, "etcdserver: revision of auth store is old"),
        (KvError.RoleEmpty, InvalidArgument, "etcdserver: role name is empty"),
        (KvError.TooManyOps, InvalidArgument, "etcdserver: too many operations in txn request"),
        (KvError.UserEmpty, InvalidArgument, "etcdserver: user name is empty"),
        (KvError.ValueProvided, InvalidArgument, "etcdserver: value is provided"),
        (KvError.WrongDowngradeVersionFormat, InvalidArgument, "etcdserver: wrong downgrade target version format"),
        (KvError.MemberNotFound, NotFound, "etcdserver: member not found"),
        (KvError.LeaseNotFound, NotFound, "etcdserver: requested lease not found"),
        (KvError.Compacted, OutOfRange, "etcdserver: mvcc: required revision has been compacted"),
        (KvError.FutureRevision, OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
        (KvError.LeaseTtlTooLarge, OutOfRange, "etcdserver: too large lease TTL"),
        (KvError.PermissionDenied, PermissionDenied, "etcdserver: permission denied"),
        (KvError.NoSpace, ResourceExhausted, "etcdserver: mvcc: database space exceeded"),
        // etcd loses the code of this one on the way out, as it does with MemberNotEnoughStarted.
        (KvError.TooManyRequests, Unknown, "etcdserver: too many requests"),
        (KvError.Overloaded, ResourceExhausted, "etcdserver: too many requests"),
        (KvError.InvalidAuthToken, Unauthenticated, "etcdserver: invalid auth token"),
        (KvError.LeaderChanged, Unavailable, "etcdserver: leader changed"),
        (KvError.NoLeader, Unavailable, "etcdserver: no leader"),
        (KvError.Timeout, Unavailable, "etcdserver: request timed out"),
        (KvError.TimeoutDueToConnectionLost, Unavailable,
            "etcdserver: request timed out, possibly due to connection lost"),
        (KvError.TimeoutDueToLeaderFailure, Unavailable,
            "etcdserver: request timed out, possibly due to previous leader failure"),
        (KvError.TimeoutWaitAppliedIndex, Unavailable,
            "etcdserver: request timed out, waiting for the applied index took too long"),
        (KvError.Stopped, Unavailable, "etcdserver: server stopped"),
        (KvError.Unhealthy, Unavailable, "etcdserver: unhealthy cluster"),
        (KvError.TimeoutLeaderTransfer, Unknown, "etcdserver: request timed out, leader transfer took too long"),
        (KvError.NotPrimaryLessor, Unknown, "not a primary lessor"),
        (KvError.UnknownMethod, Unknown, "etcdserver: unknown method"),
        (KvError.PasswordGivenForNoPasswordUser, Unknown,
            "auth: authentication failed, password was given for no password user"),
        (KvError.PasswordTooLong, Unknown, "bcrypt: password length exceeds 72 bytes"),
        (KvError.TokenVerifyOnly, Unknown, "auth: token signing attempted with verify-only key"),
        (KvError.RangeStreamSortOrder, Unimplemented, "RangeStream does not support custom sort orders"),
        (KvError.RangeStreamFilters, Unimplemented, "RangeStream does not support revision filters"),
        (KvError.Malformed, Internal, "grpc: failed to unmarshal the received message"),
    ];
}
