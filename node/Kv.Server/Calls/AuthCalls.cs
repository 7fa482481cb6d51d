using System.Text;
using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The Auth service. Passwords are hashed here, before a request is logged, so that no member ever sees
/// one.</summary>
internal sealed class AuthCalls(
    LoggedRequests log,
    LinearizableReads reads,
    AuthBook auth,
    Gate gate,
    ResponseHeaders headers,
    int bcryptCost) : Auth.AuthBase
{
    /// <summary>etcd's default for <c>--bcrypt-cost</c>.</summary>
    public const int DefaultBcryptCost = 10;

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

    public override Task<AuthStatusResponse> AuthStatus(AuthStatusRequest request, ServerCallContext context) =>
        Task.FromResult(new AuthStatusResponse
        {
            Header = headers.Now(),
            Enabled = auth.IsEnabled,
            AuthRevision = auth.Revision,
        });

    public override async Task<AuthenticateResponse> Authenticate(
        AuthenticateRequest request, ServerCallContext context)
    {
        if (!auth.IsEnabled)
            throw Refusal.ToException(KvError.AuthNotEnabled);

        // A change of the password while it is compared would let the old one in: then it is compared again.
        ulong checkedAt;
        do
        {
            await reads.ConfirmAsync();
            checkedAt = auth.Revision;
            CheckPassword(request);
        }
        while (checkedAt != auth.Revision);

        var proposed = new InternalAuthenticateRequest { Name = request.Name, SimpleToken = SimpleTokens.NewPrefix() };
        AuthenticateResponse response = await log.ProposeAsync<AuthenticateResponse>(
            new InternalRaftRequest { Authenticate = proposed });
        response.Header = headers.Now();
        return response;
    }

    public override async Task<AuthUserAddResponse> UserAdd(AuthUserAddRequest request, ServerCallContext context)
    {
        if (request.Options is not { NoPassword: true })
            request.HashedPassword = Hash(request.Password);
        request.Password = "";
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
        request.HashedPassword = Hash(request.Password);
        request.Password = "";
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

    private void CheckPassword(AuthenticateRequest request)
    {
        if (!auth.TryGetUser(request.Name, out User? user))
            throw Refusal.ToException(KvError.AuthFailed);
        if (user.Options is { NoPassword: true })
            throw Refusal.ToException(KvError.PasswordGivenForNoPasswordUser);
        if (!BCrypt.Net.BCrypt.Verify(request.Password, user.Password.ToStringUtf8()))
            throw Refusal.ToException(KvError.AuthFailed);
    }

    private string Hash(string password) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(BCrypt.Net.BCrypt.HashPassword(password, bcryptCost)));

    private async Task LogAsync(InternalRaftRequest request, ServerCallContext context) =>
        await log.ProposeAsync(request, gate.RequireRoot(context));
}
