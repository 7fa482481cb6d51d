namespace Kv.Store;

/// <summary>The tokens that clients were given for their passwords. Kept outside the replicated store, as they are
/// gone after a restart; told of what the log says about them.</summary>
public interface ITokens
{
    void Add(string token, string userName);

    /// <summary>Takes all tokens from a user that was deleted or has a new password.</summary>
    void Drop(string userName);

    void DropAll();
}
