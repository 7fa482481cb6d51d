using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Server.Tokens;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The Auth service. Passwords are hashed here, before a request is logged, so that no other member ever
/// sees one, and are taken out of the requests: whatever tells of those later cannot tell of them
/// (CVE-2021-28235).</summary>
internal sealed class AuthCalls(
    LoggedRequests log,
    LinearizableReads reads,
    AuthBook auth,
    Gate gate,
    ResponseHeaders headers,
    UserLogins logins) : Auth.AuthBase
{
    public override async Task<AuthEnableResponse> AuthEnable(AuthEnableRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthEnable = request }, context);
        return new AuthEnableResponse { Header = headers.Now() };
    }

    public override async Task<AuthDisableResponse> AuthDisable(AuthDisableRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthDisable = request }, context);
        return new AuthDisableResponse { Header = headers.Now() };
    }

    public override Task<AuthStatusResponse> AuthStatus(AuthStatusRequest request, ServerCallContext context)
    {
        gate.Identify(context); // without a token everybody may ask, with a wrong one nobody
        return Task.FromResult(new AuthStatusResponse
        {
            Header = headers.Now(),
            Enabled = auth.IsEnabled,
            AuthRevision = auth.Revision,
        });
    }

    public override async Task<AuthenticateResponse> Authenticate(
        AuthenticateRequest request, ServerCallContext context)
    {
        if (!auth.IsEnabled)
            throw Refusal.ToException(KvError.AuthNotEnabled);

        string password = request.Password;
        request.Password = "";

        // A change of the password before there is a token would let the old one in: then it is compared again.
        ulong checkedAt;
        AuthenticateResponse response;
        do
        {
            await reads.ConfirmAsync();
            checkedAt = auth.Revision;
            await CheckPasswordAsync(request.Name, password, context.CancellationToken);
            response = await IssueAsync(request.Name, checkedAt);
        }
        while (checkedAt != auth.Revision);

        response.Header = headers.Now();
        return response;
    }

    public override async Task<AuthUserAddResponse> UserAdd(AuthUserAddRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context); // before any work is done for who may not
        string password = request.Password;
        request.Password = "";
        if (request.Options is not { NoPassword: true })
            request.HashedPassword = await logins.Passwords.HashAsync(password, context.CancellationToken);
        await LogAsync(new InternalRaftRequest { AuthUserAdd = request }, context);
        return new AuthUserAddResponse { Header = headers.Now() };
    }

    public override async Task<AuthUserGetResponse> UserGet(AuthUserGetRequest request, ServerCallContext context)
    {
        await reads.ConfirmAsync();
        Caller caller = gate.Identify(context);
        if (caller.UserName != request.Name || caller.UserName.Length == 0)
            gate.RequireRoot(context);
        if (!auth.TryGetUser(request.Name, out User? user))
            throw Refusal.ToException(KvError.UserNotFound);
        return new AuthUserGetResponse { Header = headers.Now(), Roles = { user.Roles } };
    }

    public override async Task<AuthUserListResponse> UserList(AuthUserListRequest request, ServerCallContext context)
    {
        await reads.ConfirmAsync();
        gate.RequireRoot(context);
        return new AuthUserListResponse { Header = headers.Now(), Users = { auth.UserNames } };
    }

    public override async Task<AuthUserDeleteResponse> UserDelete(
        AuthUserDeleteRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthUserDelete = request }, context);
        return new AuthUserDeleteResponse { Header = headers.Now() };
    }

    public override async Task<AuthUserChangePasswordResponse> UserChangePassword(
        AuthUserChangePasswordRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        string password = request.Password;
        request.Password = "";
        request.HashedPassword = await logins.Passwords.HashAsync(password, context.CancellationToken);
        await LogAsync(new InternalRaftRequest { AuthUserChangePassword = request }, context);
        return new AuthUserChangePasswordResponse { Header = headers.Now() };
    }

    public override async Task<AuthUserGrantRoleResponse> UserGrantRole(
        AuthUserGrantRoleRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthUserGrantRole = request }, context);
        return new AuthUserGrantRoleResponse { Header = headers.Now() };
    }

    public override async Task<AuthUserRevokeRoleResponse> UserRevokeRole(
        AuthUserRevokeRoleRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthUserRevokeRole = request }, context);
        return new AuthUserRevokeRoleResponse { Header = headers.Now() };
    }

    public override async Task<AuthRoleAddResponse> RoleAdd(AuthRoleAddRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthRoleAdd = request }, context);
        return new AuthRoleAddResponse { Header = headers.Now() };
    }

    public override async Task<AuthRoleGetResponse> RoleGet(AuthRoleGetRequest request, ServerCallContext context)
    {
        await reads.ConfirmAsync();
        Caller caller = gate.Identify(context);
        bool isOwn = auth.TryGetUser(caller.UserName, out User? user) && user.Roles.Contains(request.Role);
        if (!isOwn)
            gate.RequireRoot(context);
        if (!auth.TryGetRole(request.Role, out Role? role))
            throw Refusal.ToException(KvError.RoleNotFound);

        var response = new AuthRoleGetResponse { Header = headers.Now() };
        if (request.Role == AuthBook.Root)
            response.Perm.Add(Everything());
        else
            response.Perm.AddRange(role.KeyPermission);
        return response;
    }

    public override async Task<AuthRoleListResponse> RoleList(AuthRoleListRequest request, ServerCallContext context)
    {
        await reads.ConfirmAsync();
        gate.RequireRoot(context);
        return new AuthRoleListResponse { Header = headers.Now(), Roles = { auth.RoleNames } };
    }

    public override async Task<AuthRoleDeleteResponse> RoleDelete(
        AuthRoleDeleteRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthRoleDelete = request }, context);
        return new AuthRoleDeleteResponse { Header = headers.Now() };
    }

    public override async Task<AuthRoleGrantPermissionResponse> RoleGrantPermission(
        AuthRoleGrantPermissionRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthRoleGrantPermission = request }, context);
        return new AuthRoleGrantPermissionResponse { Header = headers.Now() };
    }

    public override async Task<AuthRoleRevokePermissionResponse> RoleRevokePermission(
        AuthRoleRevokePermissionRequest request, ServerCallContext context)
    {
        await LogAsync(new InternalRaftRequest { AuthRoleRevokePermission = request }, context);
        return new AuthRoleRevokePermissionResponse { Header = headers.Now() };
    }

    // The root role has no stored permissions: it may do everything.
    private static Permission Everything() => new()
    {
        PermType = Permission.Types.Type.Readwrite,
        RangeEnd = ByteString.CopyFrom(0),
    };

    private async Task CheckPasswordAsync(string name, string password, CancellationToken cancelled)
    {
        bool isUser = auth.TryGetUser(name, out User? user);
        if (isUser && user!.Options is { NoPassword: true })
            throw Refusal.ToException(KvError.PasswordGivenForNoPasswordUser);
        string? hash = isUser ? user!.Password.ToStringUtf8() : null;
        if (!await logins.Passwords.IsRightAsync(password, hash, cancelled))
            throw Refusal.ToException(KvError.AuthFailed);
    }

    private async Task<AuthenticateResponse> IssueAsync(string name, ulong checkedAt)
    {
        if (logins.Tokens.Sign(name, checkedAt) is { } signed)
            return new AuthenticateResponse { Token = signed };
        var proposed = new InternalAuthenticateRequest { Name = name, SimpleToken = SimpleTokens.NewPrefix() };
        return await log.ProposeAsync<AuthenticateResponse>(new InternalRaftRequest { Authenticate = proposed });
    }

    private async Task LogAsync(InternalRaftRequest request, ServerCallContext context) =>
        await log.ProposeAsync(request, gate.RequireRoot(context));
}
