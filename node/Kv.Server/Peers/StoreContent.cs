using Kv.Raft;
using Kv.Replication;

namespace Kv.Server.Peers;

/// <summary>What the replica gives to be sent.</summary>
internal sealed class StoreContent(OutgoingSnapshot snapshot) : IOutgoingSnapshot
{
    public Message Message => snapshot.Message;

    public long Bytes => snapshot.Bytes;

    public int Read(long offset, Span<byte> destination) => snapshot.Read(offset, destination);

    public void Dispose() => snapshot.Dispose();
}
