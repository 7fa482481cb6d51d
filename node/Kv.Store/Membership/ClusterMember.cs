namespace Kv.Store;

/// <summary>One member of the cluster.</summary>
/// <param name="Name">Empty until the member has started.</param>
/// <param name="ClientUrls">None until the member has started.</param>
public sealed record ClusterMember(
    ulong Id,
    IReadOnlyList<string> PeerUrls,
    bool IsLearner,
    string Name,
    IReadOnlyList<string> ClientUrls)
{
    public bool IsStarted => Name.Length > 0;
}
