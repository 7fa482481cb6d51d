using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>Nobody has a token; counts how often all were taken.</summary>
internal sealed class NoTokens : ITokens
{
    public int DropAllCount { get; private set; }

    public void Add(string token, string userName)
    {
    }

    public void Drop(string userName)
    {
    }

    public void DropAll() => DropAllCount++;
}
