namespace Kv.Server.Peers;

/// <summary>Where the page file of a snapshot goes that a leader sends.</summary>
public interface ISnapshotSink
{
    /// <summary>Begins a file for the snapshot up to the entry of this index. Throws <see cref="IOException"/> if it
    /// cannot.</summary>
    IIncomingSnapshot Begin(ulong index);
}

/// <summary>A page file on its way. Disposing of it before it is kept discards it.</summary>
public interface IIncomingSnapshot : IDisposable
{
    /// <summary>Appends a piece. Throws <see cref="IOException"/> if the disk fails.</summary>
    void Write(ReadOnlySpan<byte> piece);

    /// <summary>All has come: makes it durable under its final name.</summary>
    Task KeepAsync();
}
