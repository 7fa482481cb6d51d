using Kv.Store;

namespace Kv.Server.Tokens;

/// <summary>What clients show in place of their password: <see cref="SimpleTokens"/>, which every member keeps, or
/// <see cref="SignedTokens"/>, which nobody needs to keep.</summary>
internal interface IUserTokens : ITokens
{
    /// <summary>Whose token it is; false if nobody's, or no longer. Any thread; allocates nothing for a token that was
    /// seen before.</summary>
    bool TryFind(string token, AuthBook auth, out Caller caller);

    /// <summary>The entry of the log without which the token cannot be known here; 0 if there is none.</summary>
    ulong EntryOf(string token);

    /// <summary>A token for a user whose password was right when the auth store had the revision; null if the log has
    /// to tell all members of it first. Throws with etcd's status if this member cannot sign.</summary>
    string? Sign(string userName, ulong authRevision);
}
