using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Authpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Users, roles and what they may do, as the log says: every change is applied on the apply lane, kept in
/// the buckets of etcd, and adds one to <see cref="Revision"/>. Reads come from any thread, so what they see is an
/// immutable <see cref="AuthView"/> that each change replaces whole; changes are rare.</summary>
public sealed class AuthBook
{
    public const string Root = "root";

    // The longest key that the page file takes. (With a longer name etcd ends.)
    private const int NameBytesMax = 32768;

    private static readonly byte[] EnabledKey = "authEnabled"u8.ToArray();
    private static readonly byte[] RevisionKey = "authRevision"u8.ToArray();

    private readonly Backend _backend;
    private volatile AuthView _view;

    /// <exception cref="Kv.Storage.CorruptDataException">A row of the auth buckets is damaged.</exception>
    public AuthBook(Backend backend)
    {
        _backend = backend;
        _view = Load(backend);
        if (!backend.TryGet(StoreBucket.Auth, RevisionKey, out _))
            StoreRevision(); // etcd writes the first one too, and its hash covers it
    }

    public bool IsEnabled => _view.IsEnabled;

    /// <summary>1 for a new store, and one more with every change.</summary>
    public ulong Revision => _view.Revision;

    /// <summary>In order of name.</summary>
    public IEnumerable<string> UserNames => _view.Users.Keys;

    /// <summary>In order of name.</summary>
    public IEnumerable<string> RoleNames => _view.Roles.Keys;

    /// <summary>The user as stored; not to be changed.</summary>
    public bool TryGetUser(string name, [NotNullWhen(true)] out User? user) =>
        _view.Users.TryGetValue(name, out user);

    /// <summary>The role as stored; not to be changed.</summary>
    public bool TryGetRole(string name, [NotNullWhen(true)] out Role? role) =>
        _view.Roles.TryGetValue(name, out role);

    /// <summary>Whether the caller may read or write all of a range, given as requests write it, in the order of etcd's
    /// checks: somebody, not from before a change of auth, with the permission. Says yes while auth is off.</summary>
    public KvError CheckRange(Caller caller, bool isWrite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd)
    {
        AuthView view = _view;
        if (!view.IsEnabled)
            return KvError.None;
        if (caller.IsNobody)
            return KvError.UserEmpty;
        if (caller.AuthRevision < view.Revision)
            return KvError.AuthOldRevision;
        return view.AccessOf(caller.UserName).Covers(isWrite, key, rangeEnd)
            ? KvError.None
            : KvError.PermissionDenied;
    }

    /// <summary>Whether the user has the root role; says yes while auth is off. Which revision the caller knows is of
    /// no account, as in etcd: what only root may do is not refused for what root itself changed just
    /// before.</summary>
    public KvError CheckRoot(string userName)
    {
        AuthView view = _view;
        if (!view.IsEnabled)
            return KvError.None;
        if (userName.Length == 0)
            return KvError.UserEmpty;
        if (view.AccessOf(userName).IsRoot)
            return KvError.None;
        return view.Users.ContainsKey(userName) ? KvError.PermissionDenied : KvError.UserNotFound;
    }

    public KvError Enable()
    {
        if (IsEnabled)
            return KvError.None;
        if (!TryGetUser(Root, out User? root))
            return KvError.RootUserNotExist;
        if (!root.Roles.Contains(Root))
            return KvError.RootRoleNotExist;

        _backend.Put(StoreBucket.Auth, EnabledKey, [1]);
        _view = _view.With(isEnabled: true);
        return KvError.None;
    }

    public void Disable()
    {
        if (!IsEnabled)
            return;
        _backend.Put(StoreBucket.Auth, EnabledKey, [0]);
        _view = _view.With(isEnabled: false);
        Bump();
    }

    /// <summary>Adds a user; <paramref name="passwordHash"/> is bcrypt's, made before the request was logged, so that
    /// all members store the same.</summary>
    public KvError AddUser(string name, ReadOnlySpan<byte> passwordHash, UserAddOptions? options)
    {
        if (name.Length == 0)
            return KvError.UserEmpty;
        if (TryGetUser(name, out _))
            return KvError.UserAlreadyExists;
        if (Encoding.UTF8.GetByteCount(name) > NameBytesMax)
            return KvError.RequestTooLarge;

        // Options that were not given are stored as empty ones, as etcd does: Maintenance.Hash covers them.
        var user = new User { Name = ByteString.CopyFromUtf8(name), Options = options ?? new UserAddOptions() };
        if (!user.Options.NoPassword)
            user.Password = ByteString.CopyFrom(passwordHash);
        Store(user);
        Bump();
        return KvError.None;
    }

    public KvError DeleteUser(string name)
    {
        if (IsEnabled && name == Root)
            return KvError.InvalidAuthManagement;
        if (!TryGetUser(name, out _))
            return KvError.UserNotFound;

        _backend.Delete(StoreBucket.AuthUsers, Encoding.UTF8.GetBytes(name));
        _view = _view.WithoutUser(name);
        Bump();
        return KvError.None;
    }

    public KvError ChangePassword(string name, ReadOnlySpan<byte> passwordHash)
    {
        if (!TryGetUser(name, out User? user))
            return KvError.UserNotFound;

        User changed = user.Clone();
        changed.Password = user.Options is { NoPassword: true } ? ByteString.Empty : ByteString.CopyFrom(passwordHash);
        Store(changed);
        Bump();
        return KvError.None;
    }

    public KvError GrantRole(string userName, string roleName)
    {
        if (!TryGetUser(userName, out User? user))
            return KvError.UserNotFound;
        if (roleName != Root && !TryGetRole(roleName, out _))
            return KvError.RoleNotFound; // the root role need not exist to be granted
        if (user.Roles.Contains(roleName))
            return KvError.None;

        Store(WithRoles(user, user.Roles.Append(roleName)));
        Bump();
        return KvError.None;
    }

    public KvError RevokeRole(string userName, string roleName)
    {
        if (IsEnabled && userName == Root && roleName == Root)
            return KvError.InvalidAuthManagement;
        if (!TryGetUser(userName, out User? user))
            return KvError.UserNotFound;
        if (!user.Roles.Contains(roleName))
            return KvError.RoleNotGranted;

        Store(WithRoles(user, user.Roles.Where(name => name != roleName)));
        Bump();
        return KvError.None;
    }

    public KvError AddRole(string name)
    {
        if (name.Length == 0)
            return KvError.RoleEmpty;
        if (TryGetRole(name, out _))
            return KvError.RoleAlreadyExists;
        if (Encoding.UTF8.GetByteCount(name) > NameBytesMax)
            return KvError.RequestTooLarge;

        Store(new Role { Name = ByteString.CopyFromUtf8(name) });
        Bump();
        return KvError.None;
    }

    /// <summary>Deletes the role and takes it from all users that have it.</summary>
    public KvError DeleteRole(string name)
    {
        if (IsEnabled && name == Root)
            return KvError.InvalidAuthManagement;
        if (!TryGetRole(name, out _))
            return KvError.RoleNotFound;

        _backend.Delete(StoreBucket.AuthRoles, Encoding.UTF8.GetBytes(name));
        _view = _view.WithoutRole(name);
        foreach (User user in _view.Users.Values.Where(user => user.Roles.Contains(name)).ToList())
            Store(WithRoles(user, user.Roles.Where(other => other != name)));
        Bump();
        return KvError.None;
    }

    public KvError GrantPermission(string roleName, Permission? permission)
    {
        if (permission is null)
            return KvError.PermissionNotGiven;
        if (!KeyInterval.IsValid(permission.Key.Span, permission.RangeEnd.Span))
            return KvError.InvalidAuthManagement;
        if (!TryGetRole(roleName, out Role? role))
            return KvError.RoleNotFound;

        IEnumerable<Permission> others = role.KeyPermission.Where(held => !IsSameRange(held, permission));
        Store(WithPermissions(role, others.Append(permission)));
        Bump();
        return KvError.None;
    }

    public KvError RevokePermission(string roleName, ByteString key, ByteString rangeEnd)
    {
        if (!TryGetRole(roleName, out Role? role))
            return KvError.RoleNotFound;

        var revoked = new Permission { Key = key, RangeEnd = rangeEnd };
        List<Permission> others = [.. role.KeyPermission.Where(held => !IsSameRange(held, revoked))];
        if (others.Count == role.KeyPermission.Count)
            return KvError.PermissionNotGranted;

        Store(WithPermissions(role, others));
        Bump();
        return KvError.None;
    }

    /// <summary>Forgets all, and says what another store says. The apply lane's.</summary>
    internal void Restore(IBucketReader from) => _view = Load(from);

    private static bool IsSameRange(Permission left, Permission right) =>
        left.Key == right.Key && left.RangeEnd == right.RangeEnd;

    private static User WithRoles(User user, IEnumerable<string> roles)
    {
        User changed = user.Clone();
        changed.Roles.Clear();
        changed.Roles.AddRange(roles.Order(StringComparer.Ordinal));
        return changed;
    }

    private static Role WithPermissions(Role role, IEnumerable<Permission> permissions)
    {
        Role changed = role.Clone();
        changed.KeyPermission.Clear();
        changed.KeyPermission.AddRange(
            permissions.OrderBy(held => held.Key, ByteStringOrder.Instance));
        return changed;
    }

    private static AuthView Load(IBucketReader from)
    {
        var users = new SortedDictionary<string, User>(StringComparer.Ordinal);
        var roles = new SortedDictionary<string, Role>(StringComparer.Ordinal);
        bool isEnabled = false;
        ulong revision = 1;
        from.ForEach(StoreBucket.AuthUsers, (key, value) =>
        {
            User user = DamagedRow.Parse(User.Parser, value, from, StoreBucket.AuthUsers, key);
            RequireName(from, StoreBucket.AuthUsers, key, user.Name);
            users[user.Name.ToStringUtf8()] = user;
        });
        from.ForEach(StoreBucket.AuthRoles, (key, value) =>
        {
            Role role = DamagedRow.Parse(Role.Parser, value, from, StoreBucket.AuthRoles, key);
            RequireName(from, StoreBucket.AuthRoles, key, role.Name);
            roles[role.Name.ToStringUtf8()] = role;
        });
        if (from.TryGet(StoreBucket.Auth, EnabledKey, out byte[] enabled))
            isEnabled = ReadEnabled(from, enabled);
        if (from.TryGet(StoreBucket.Auth, RevisionKey, out byte[] stored))
            revision = ReadRevision(from, stored);
        return new AuthView(isEnabled, revision, users, roles);
    }

    private static void RequireName(IBucketReader from, StoreBucket bucket, ReadOnlySpan<byte> key, ByteString name)
    {
        if (!key.SequenceEqual(name.Span))
            throw from.Damage(bucket, key, $"\"{name.ToStringUtf8()}\" lies under another name");
    }

    // Anything else could as well be a flipped bit of 1, and must not turn authentication off.
    private static bool ReadEnabled(IBucketReader from, byte[] value) => value switch
    {
        [0] => false,
        [1] => true,
        _ => throw from.Damage(StoreBucket.Auth, EnabledKey, $"neither 0 nor 1: {Convert.ToHexStringLower(value)}"),
    };

    private static ulong ReadRevision(IBucketReader from, byte[] value) => value.Length == sizeof(ulong)
        ? BinaryPrimitives.ReadUInt64BigEndian(value)
        : throw from.Damage(StoreBucket.Auth, RevisionKey, $"a number takes 8 bytes, not {value.Length}");

    private void Store(User user)
    {
        _backend.Put(StoreBucket.AuthUsers, user.Name.Span, user.ToByteArray());
        _view = _view.WithUser(user);
    }

    private void Store(Role role)
    {
        _backend.Put(StoreBucket.AuthRoles, role.Name.Span, role.ToByteArray());
        _view = _view.WithRole(role);
    }

    private void Bump()
    {
        _view = _view.With(revision: _view.Revision + 1);
        StoreRevision();
    }

    private void StoreRevision()
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, _view.Revision);
        _backend.Put(StoreBucket.Auth, RevisionKey, value);
    }
}
