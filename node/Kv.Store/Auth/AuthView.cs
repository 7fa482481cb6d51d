using System.Collections.Concurrent;
using Authpb;

namespace Kv.Store;

/// <summary>The auth store at one moment; never changed once it is seen, but for what it remembers of what users may
/// do. That is worked out when a user first comes, and looked up from then on: a check costs one look into a table and
/// a search among the user's intervals, and allocates nothing.</summary>
internal sealed class AuthView(
    bool isEnabled,
    ulong revision,
    SortedDictionary<string, User> users,
    SortedDictionary<string, Role> roles)
{
    private readonly ConcurrentDictionary<string, UserAccess> _access = new(StringComparer.Ordinal);

    public bool IsEnabled { get; } = isEnabled;

    public ulong Revision { get; } = revision;

    public SortedDictionary<string, User> Users { get; } = users;

    public SortedDictionary<string, Role> Roles { get; } = roles;

    /// <summary>Nothing is remembered of users whom there are not: there is no end to their names.</summary>
    public UserAccess AccessOf(string userName)
    {
        if (_access.TryGetValue(userName, out UserAccess? known))
            return known;
        return Users.TryGetValue(userName, out User? user)
            ? _access.GetOrAdd(userName, UserAccess.Of(user, Roles))
            : UserAccess.None;
    }

    public AuthView With(bool? isEnabled = null, ulong? revision = null) =>
        new(isEnabled ?? IsEnabled, revision ?? Revision, Users, Roles);

    public AuthView WithUser(User user)
    {
        var users = new SortedDictionary<string, User>(Users, StringComparer.Ordinal)
        {
            [user.Name.ToStringUtf8()] = user,
        };
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
        var roles = new SortedDictionary<string, Role>(Roles, StringComparer.Ordinal)
        {
            [role.Name.ToStringUtf8()] = role,
        };
        return new AuthView(IsEnabled, Revision, Users, roles);
    }

    public AuthView WithoutRole(string name)
    {
        var roles = new SortedDictionary<string, Role>(Roles, StringComparer.Ordinal);
        roles.Remove(name);
        return new AuthView(IsEnabled, Revision, Users, roles);
    }
}
