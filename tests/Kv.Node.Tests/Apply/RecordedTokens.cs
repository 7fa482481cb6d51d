using Kv.Store;

namespace Kv.Node.Tests.Apply;

/// <summary>Notes what the log says about tokens.</summary>
internal sealed class RecordedTokens : ITokens
{
    public Dictionary<string, string> UserOf { get; } = [];

    public void Add(string token, string userName) => UserOf.Add(token, userName);

    public void Drop(string userName)
    {
        foreach (string token in UserOf.Where(pair => pair.Value == userName).Select(pair => pair.Key).ToList())
            UserOf.Remove(token);
    }

    public void DropAll() => UserOf.Clear();
}
