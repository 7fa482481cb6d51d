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

    /// <summary>The same for one whose token another member passes on; empty if there was none.</summary>
    public void RequireRoot(string token)
    {
        string user = IsOpen || token.Length == 0 ? "" : FindUser(token);
        Refusal.ThrowIfRefused(auth.CheckRoot(user));
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

    /// <summary>The token as the caller sent it, if it sent one.</summary>
    public static string? TokenOf(Metadata headers) =>
        headers.GetValue(TokenHeader) ?? headers.GetValue(AuthorizationHeader);

    private Caller IdentifyByToken(Metadata headers)
    {
        string? token = TokenOf(headers);
        if (token is null)
            return default;
        ulong revision = auth.Revision;
        return new Caller(FindUser(token), revision);
    }

    private string FindUser(string token)
    {
        if (token.StartsWith(BearerPrefix, StringComparison.Ordinal))
            token = token[BearerPrefix.Length..];
        return tokens.Find(token) ?? throw Refusal.ToException(KvError.InvalidAuthToken);
    }
}
