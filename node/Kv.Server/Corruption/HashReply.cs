using Kv.Server.Peers;

namespace Kv.Server.Corruption;

/// <summary>What another member answered when it was asked for the hash of its keys.</summary>
/// <param name="Hash">Null if it did not tell; <paramref name="Error"/> then says why.</param>
internal sealed record HashReply(ulong Member, IReadOnlyList<string> Urls, PeerHash? Hash, string Error = "");
