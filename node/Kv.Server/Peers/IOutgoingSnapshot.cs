using Kv.Raft;

namespace Kv.Server.Peers;

/// <summary>A page file as one read transaction sees it. Disposed of when it is sent, or given up.</summary>
public interface IOutgoingSnapshot : IDisposable
{
    /// <summary>The message with what is really in the snapshot: the entry that the page file contains, the
    /// membership of then, and as data the v2 store's JSON, which etcd up to 3.6 demands.</summary>
    Message Message { get; }

    /// <summary>The length of the page file.</summary>
    long Bytes { get; }

    /// <summary>Reads from the page file; returns how much, at least one byte before its end.</summary>
    int Read(long offset, Span<byte> destination);
}
