using Grpc.Core;
using Kv.Grpc;
using Kv.Grpc.Tls;
using Kv.Server.Tokens;
using Kv.Store;
using Kv.Store.Watching;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Calls;

/// <summary>Who calls, and whether they may. While auth is off everyone is nobody and may do everything, at the cost
/// of one read of a field.</summary>
/// <param name="takesCertificates">Whether a caller without a token is who its certificate names.</param>
internal sealed class Gate(AuthBook auth, StoreParts store, IUserTokens tokens, bool takesCertificates)
{
    /// <summary>The gateway calls with it: nobody's certificate must speak for whom it calls for. etcd's has one of its
    /// own, whose name would count otherwise.</summary>
    public const string GatewayHeader = "grpcgateway-accept";

    public const string TokenHeader = "token";

    private const string AuthorizationHeader = "authorization";
    private const string BearerPrefix = "Bearer ";

    public bool IsOpen => !auth.IsEnabled;

    /// <summary>The caller by its token, or else by its certificate; nobody without either. Throws if the token is not
    /// known.</summary>
    public Caller Identify(ServerCallContext context)
    {
        if (IsOpen)
            return default;
        string? token = TokenOf(context);
        return token is null ? IdentifyByCertificate(context) : IdentifyByToken(token);
    }

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
        string user = IsOpen || token.Length == 0 ? "" : IdentifyByToken(token).UserName;
        Refusal.ThrowIfRefused(auth.CheckRoot(user));
    }

    /// <summary>Any user will do.</summary>
    public Caller RequireUser(ServerCallContext context)
    {
        Caller caller = Identify(context);
        if (!IsOpen && caller.IsNobody)
            throw Refusal.ToException(KvError.UserEmpty);
        return caller;
    }

    public KvError CheckRead(Caller caller, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd) =>
        auth.CheckRange(caller, isWrite: false, key, rangeEnd);

    /// <summary>Whether the caller may decide over a lease, and so over the keys that hang on it.</summary>
    public KvError CheckLease(Caller caller, long lease) =>
        IsOpen ? KvError.None : PermissionChecks.Lease(store, caller, lease);

    /// <summary>Whether the caller is root, or auth is off.</summary>
    public bool IsRoot(Caller caller) => auth.CheckRoot(caller.UserName) == KvError.None;

    public KvError CheckRead(Caller caller, in WatchRange range) => CheckRead(caller, range.Key, range.RangeEnd);

    /// <summary>Over both branches.</summary>
    public KvError CheckTxn(Caller caller, ReadOnlySpan<byte> request) =>
        IsOpen ? KvError.None : PermissionChecks.Txn(store, caller, request);

    /// <summary>The token that the caller sent, if it sent one.</summary>
    public static string? TokenOf(ServerCallContext context)
    {
        string? token = HeaderOf(context, TokenHeader) ?? HeaderOf(context, AuthorizationHeader);
        return token?.StartsWith(BearerPrefix, StringComparison.Ordinal) == true ? token[BearerPrefix.Length..] : token;
    }

    // Without making metadata of all headers, where that can be done. Of several of a name the last one counts.
    private static string? HeaderOf(ServerCallContext context, string name)
    {
        if (context is not GrpcCall call)
            return context.RequestHeaders.GetValue(name);
        return call.TryGetHeader(name, out StringValues values) && values.Count > 0 ? values[^1] : null;
    }

    private Caller IdentifyByCertificate(ServerCallContext context)
    {
        if (!takesCertificates || HeaderOf(context, GatewayHeader) is not null)
            return default;
        ulong revision = auth.Revision;
        string? name = context.AuthContext.FindPropertiesByName(CertificateNames.CommonNameProperty)
            .FirstOrDefault()?.Value;
        return string.IsNullOrEmpty(name) ? default : new Caller(name, revision);
    }

    private Caller IdentifyByToken(string token) =>
        tokens.TryFind(token, auth, out Caller caller) ? caller : throw Refusal.ToException(KvError.InvalidAuthToken);
}
