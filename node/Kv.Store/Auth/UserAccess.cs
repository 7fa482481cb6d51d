using Authpb;

namespace Kv.Store;

/// <summary>What one user of an <see cref="AuthView"/> may do, worked out once: whether it is root, and else what it
/// may read and write.</summary>
internal sealed class UserAccess
{
    /// <summary>That of a user whom there is not.</summary>
    public static readonly UserAccess None = new(isRoot: false, new AuthPermissions([]));

    private readonly AuthPermissions _permissions;

    private UserAccess(bool isRoot, AuthPermissions permissions)
    {
        IsRoot = isRoot;
        _permissions = permissions;
    }

    public bool IsRoot { get; }

    public static UserAccess Of(User user, IReadOnlyDictionary<string, Role> roles)
    {
        if (user.Roles.Contains(AuthBook.Root))
            return new UserAccess(isRoot: true, None._permissions);
        IEnumerable<Role> held = user.Roles.Where(roles.ContainsKey).Select(name => roles[name]);
        return new UserAccess(isRoot: false, new AuthPermissions(held));
    }

    public bool Covers(bool isWrite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rangeEnd) =>
        IsRoot || _permissions.Covers(isWrite, key, rangeEnd);
}
