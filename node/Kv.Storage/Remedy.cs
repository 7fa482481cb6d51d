namespace Kv.Storage;

/// <summary>What to do about files that cannot be trusted, in the words of every message that says so.</summary>
public static class Remedy
{
    public const string ReplaceMember =
        "in a cluster, remove this member and add it again with an empty data directory; "
        + "a lone member is restored from a snapshot (kv-node snapshot restore)";
}
