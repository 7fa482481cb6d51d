namespace Kv.Server.Peers.Wire;

/// <summary>What is taken from a peer at most. Nothing is ever allocated for a length that was only announced: memory
/// grows with the bytes that have come.</summary>
internal static class WireLimits
{
    /// <summary>One message or frame: the limit of etcd's message stream. Its msgapp stream and its pipeline have
    /// none.</summary>
    public const int FrameBytesMax = 512 * 1024 * 1024;

    /// <summary>Entries in one message. Senders end a message at 1 MiB of entries, and none is smaller than six bytes;
    /// what an entry takes in memory is many times that.</summary>
    public const int EntriesMax = 1024 * 1024;
}
