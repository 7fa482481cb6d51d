using Kv.Store;

namespace Kv.Testing.Members;

/// <summary>The tokens of a member that nobody logs in to.</summary>
public sealed class NoTokens : ITokens
{
    public void Add(string token, string userName)
    {
    }

    public void Drop(string userName)
    {
    }

    public void DropAll()
    {
    }
}
