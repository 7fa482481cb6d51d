using System.Globalization;
using System.Text;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Applies the requests that change users, roles and tokens.</summary>
internal sealed class AuthApplier(AuthBook auth, ITokens tokens)
{
    /// <summary>False if the request is of another kind.</summary>
    public bool TryApply(ulong index, InternalRaftRequest request, out KvError error, out IMessage? answer)
    {
        answer = null;
        error = KvError.None;
        if (request.Authenticate is { } authenticate)
            error = Authenticate(index, authenticate, out answer);
        else if (request.AuthEnable is not null)
            error = auth.Enable();
        else if (request.AuthDisable is not null)
            Disable();
        else
            return TryApplyUser(request, ref error) || TryApplyRole(request, ref error);
        return true;
    }

    private bool TryApplyUser(InternalRaftRequest request, ref KvError error)
    {
        if (request.AuthUserAdd is { } add)
            error = auth.AddUser(add.Name, PasswordHash(add.HashedPassword, add.Password), add.Options);
        else if (request.AuthUserDelete is { } delete)
            error = DropTokens(delete.Name, auth.DeleteUser(delete.Name));
        else if (request.AuthUserChangePassword is { } change)
            error = DropTokens(change.Name, ChangePassword(change));
        else if (request.AuthUserGrantRole is { } grant)
            error = auth.GrantRole(grant.User, grant.Role);
        else if (request.AuthUserRevokeRole is { } revoke)
            error = auth.RevokeRole(revoke.Name, revoke.Role);
        else
            return false;
        return true;
    }

    private bool TryApplyRole(InternalRaftRequest request, ref KvError error)
    {
        if (request.AuthRoleAdd is { } add)
            error = auth.AddRole(add.Name);
        else if (request.AuthRoleDelete is { } delete)
            error = auth.DeleteRole(delete.Role);
        else if (request.AuthRoleGrantPermission is { } grant)
            error = auth.GrantPermission(grant.Name, grant.Perm);
        else if (request.AuthRoleRevokePermission is { } revoke)
            error = auth.RevokePermission(revoke.Role, revoke.Key, revoke.RangeEnd);
        else
            return false;
        return true;
    }

    // The hash came with the request, in base64; etcd 3.4 logged it in the password's own field.
    private static byte[] PasswordHash(string hashed, string password) =>
        hashed.Length > 0 ? Convert.FromBase64String(hashed) : Encoding.UTF8.GetBytes(password);

    private KvError ChangePassword(AuthUserChangePasswordRequest request) =>
        auth.ChangePassword(request.Name, PasswordHash(request.HashedPassword, request.Password));

    private KvError Authenticate(ulong index, InternalAuthenticateRequest request, out IMessage? answer)
    {
        answer = null;
        if (!auth.IsEnabled)
            return KvError.AuthNotEnabled;
        if (!auth.TryGetUser(request.Name, out _))
            return KvError.AuthFailed;

        string token = string.Create(CultureInfo.InvariantCulture, $"{request.SimpleToken}.{index}");
        tokens.Add(token, request.Name);
        answer = new AuthenticateResponse { Token = token };
        return KvError.None;
    }

    private void Disable()
    {
        auth.Disable();
        tokens.DropAll();
    }

    private KvError DropTokens(string userName, KvError error)
    {
        if (error == KvError.None)
            tokens.Drop(userName);
        return error;
    }
}
