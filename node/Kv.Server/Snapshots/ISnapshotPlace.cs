namespace Kv.Server.Snapshots;

/// <summary>Where one snapshot is kept: a file of a mounted volume, or an object of S3. It is there whole or not at
/// all, and says whose it is, so that what is another's is neither overwritten nor deleted, and who writes it again
/// after having been ended half-way finds out whether it had been through. All failures are
/// <see cref="IOException"/>s.</summary>
internal interface ISnapshotPlace : IDisposable
{
    /// <summary>Its URL.</summary>
    string Location { get; }

    /// <summary>What is there; null if nothing is.</summary>
    Task<PlacedSnapshot?> FindAsync(CancellationToken stop);

    /// <summary>The content from its beginning; <see cref="FileNotFoundException"/> if nothing is there.</summary>
    Task<Stream> ReadAsync(CancellationToken stop);

    /// <summary>Writes it durably. Nothing is written where the same owner has put a snapshot before: that one
    /// stays.</summary>
    /// <exception cref="ForeignSnapshotException">Another's is there.</exception>
    Task WriteAsync(Stream content, SnapshotLabel label, CancellationToken stop);

    /// <summary>Deletes it, and what an attempt to write it has left; fine if nothing is there.</summary>
    /// <exception cref="ForeignSnapshotException">Another's is there.</exception>
    Task DeleteAsync(string ownerUid, CancellationToken stop);
}
