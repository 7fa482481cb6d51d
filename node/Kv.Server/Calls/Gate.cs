using Grpc.Core;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Server.Calls;

/// <summary>Who calls, and whether they may. While auth is off everyone is nobody and may do everything, at the cost
/// of one read of a field.</summary>
internal sealed class Gate(AuthBook auth, StoreParts store, SimpleTokens tokens)
{
    private const string TokenHeader = "token";
    private const string AuthorizationHeader = "authorization";
    private const string BearerPrefix = "Bearer ";

    public bool IsOpen => !auth.IsEnabled;

    /// <summary>The caller by its token; nobody without one. Throws if the token is not known.</summary>
    public Caller Identify(ServerCallContext context) => IsOpen ? default : IdentifyByToken(context.RequestHeaders);

    /// <summary>Only a user with the root role will do.</summary>
    public Caller RequireRoot(ServerCallContext context)
    {
        Caller caller = Identify(context);
        Refusal.ThrowIfRefused(auth.CheckRoot(caller.UserName));
        return caller;
    }

    /// <summary>Any user will do.</summary>
    public Caller RequireUser(ServerCallContext context)
    {
        Caller caller = Identify(context);
        if (!IsOpen && caller.UserName.Length == 0)
            throw Refusal.ToException(KvError.UserEmpty);
        return caller;
    }

    public KvError CheckRead(Caller caller, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd) =>
        auth.CheckRange(caller.UserName, isWrite: false, key, rangeEnd);

    public KvError CheckRead(Caller caller, in WatchRange range) => CheckRead(caller, range.Key, range.RangeEnd);

    /// <summary>Over both branches.</summary>
    public KvError CheckTxn(Caller caller, ReadOnlySpan<byte> request) =>
        IsOpen ? KvError.None : PermissionChecks.Txn(store, caller.UserName, request);

    private Caller IdentifyByToken(Metadata headers)
    {
        string? token = headers.GetValue(TokenHeader) ?? headers.GetValue(AuthorizationHeader);
        if (token is null)
            return default;
        if (token.StartsWith(BearerPrefix, StringComparison.Ordinal))
            token = token[BearerPrefix.Length..];
        ulong revision = auth.Revision;
        string? user = tokens.Find(token);
        return user is null ? throw Refusal.ToException(KvError.InvalidAuthToken) : new Caller(user, revision);
    }
}
