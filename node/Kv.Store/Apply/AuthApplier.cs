using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Applies the requests that change users, roles and tokens.</summary>
internal sealed class AuthApplier(AuthBook auth, ITokens tokens)
{
    /// <summary>False if the request is of another kind.</summary>
    public bool TryApply(in EntryPlace place, InternalRaftRequest request, out KvError error, out IMessage? answer)
    {
        answer = null;
        error = KvError.None;
        if (request.Authenticate is { } authenticate)
            error = Authenticate(place.Index, authenticate, out answer);
        else if (request.AuthEnable is not null)
            error = auth.Enable();
        else if (request.AuthDisable is not null)
            Disable();
        else
            return TryApplyUser(place, request, ref error) || TryApplyRole(request, ref error);
        return true;
    }

    private bool TryApplyUser(in EntryPlace place, InternalRaftRequest request, ref KvError error)
    {
        if (request.AuthUserAdd is { } add)
            error = AddUser(place, add);
        else if (request.AuthUserDelete is { } delete)
            error = DropTokens(delete.Name, auth.DeleteUser(delete.Name));
        else if (request.AuthUserChangePassword is { } change)
            error = DropTokens(change.Name, ChangePassword(place, change));
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

    // What else a request without a password has in those fields is of no account: a client may have put it there.
    private KvError AddUser(in EntryPlace place, AuthUserAddRequest request)
    {
        if (request.Options is { NoPassword: true })
            return auth.AddUser(request.Name, passwordHash: default, request.Options);
        return LoggedPassword.TryGetHash(request.HashedPassword, request.Password, place, out byte[] hash)
            ? auth.AddUser(request.Name, hash, request.Options)
            : KvError.PasswordGivenForNoPasswordUser;
    }

    private KvError ChangePassword(in EntryPlace place, AuthUserChangePasswordRequest request) =>
        LoggedPassword.TryGetHash(request.HashedPassword, request.Password, place, out byte[] hash)
            ? auth.ChangePassword(request.Name, hash)
            : KvError.PasswordGivenForNoPasswordUser;

    private KvError Authenticate(ulong index, InternalAuthenticateRequest request, out IMessage? answer)
    {
        answer = null;
        if (!auth.IsEnabled)
            return KvError.AuthNotEnabled;
        if (!auth.TryGetUser(request.Name, out _))
            return KvError.AuthFailed;

        // A member whose tokens are signed logs none; what is left of one without its random letters can be guessed.
        if (request.SimpleToken.Length == 0)
            return KvError.None;

        // Members of etcd since 3.5 name the entry before this one, and a token must be the same at all members.
        string token = string.Create(CultureInfo.InvariantCulture, $"{request.SimpleToken}.{index - 1}");
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
