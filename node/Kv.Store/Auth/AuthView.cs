using System.Collections.Concurrent;
using Authpb;

namespace Kv.Store;

/// <summary>The auth store at one moment; never changed once it is seen, but for what it remembers of users'
/// merged permissions.</summary>
internal sealed class AuthView(
    bool isEnabled,
    ulong revision,
    SortedDictionary<string, User> users,
    SortedDictionary<string, Role> roles)
{
    private readonly ConcurrentDictionary<string, AuthPermissions> _permissions = new(StringComparer.Ordinal);

    public bool IsEnabled { get; } = isEnabled;

    public ulong Revision { get; } = revision;

    public SortedDictionary<string, User> Users { get; } = users;

    public SortedDictionary<string, Role> Roles { get; } = roles;

    public AuthPermissions PermissionsOf(User user)
    {
        string name = user.Name.ToStringUtf8();
        if (_permissions.TryGetValue(name, out AuthPermissions? known))
            return known;

        var built = new AuthPermissions(user.Roles.Where(Roles.ContainsKey).Select(role => Roles[role]));
        return _permissions.GetOrAdd(name, built);
    }

    public AuthView With(bool? isEnabled = null, ulong? revision = null) =>
        new(isEnabled ?? IsEnabled, revision ?? Revision, Users, Roles);

    public AuthView WithUser(User user)
    {
        var users = new SortedDictionary<string, User>(Users,
            StringComparer.Ordinal)
        { [user.Name.ToStringUtf8()] = user };
        return new AuthView(IsEnabled, Revision, users, Roles);
    }

    public AuthView WithoutUser(string name)
    {
        var users = new SortedDictionary<string, User>(Users, StringComparer.Ordinal);
        users.Remove(name);
        return new AuthView(IsEnabled, Revision, users, Roles);
    }

    public AuthView WithRole(Role role)
    {
        var roles = new SortedDictionary<string, Role>(Roles,
            StringComparer.Ordinal)
        { [role.Name.ToStringUtf8()] = role };
        return new AuthView(IsEnabled, Revision, Users, roles);
    }

    public AuthView WithoutRole(string name)
    {
        var roles = new SortedDictionary<string, Role>(Roles, StringComparer.Ordinal);
        roles.Remove(name);
        return new AuthView(IsEnabled, Revision, Users, roles);
    }
}
