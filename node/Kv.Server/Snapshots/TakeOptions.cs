namespace Kv.Server.Snapshots;

/// <summary>What <c>snapshot take</c> is told.</summary>
internal sealed record TakeOptions
{
    /// <summary>Client URLs of members.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>Whose the snapshot is to be.</summary>
    public required string OwnerUid { get; init; }

    /// <summary>Where it is put together and proven before it goes to its place.</summary>
    public required string ScratchFolder { get; init; }

    /// <summary>0 if the members may be of any one cluster.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Files of PEM; null for those of the system, and for no certificate of our own.</summary>
    public string? AuthorityFile { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>A member that says nothing for so long is given up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often it is tried: other members, and anew where history was given up in the middle of
    /// it.</summary>
    public int AttemptsMax { get; init; } = 5;
}
