namespace Kv.Server.Corruption;

/// <summary>What members answer who have no hash at the revision asked for, ours and etcd's.</summary>
internal static class CorruptionTexts
{
    public const string Future = "mvcc: required revision is a future revision";
    public const string Compacted = "mvcc: required revision has been compacted";
}
