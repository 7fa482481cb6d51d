namespace Kv.Operator.Objects;

/// <summary>A snapshot as the container that restores it finds it.</summary>
/// <param name="Url">What it fetches: <c>file:///...</c> or <c>s3://BUCKET/KEY</c>.</param>
/// <param name="BumpRevision">By how much the revision is raised.</param>
public sealed record RestoreSource(string Url, long BumpRevision)
{
    /// <summary>The claim to mount for it; null if it is in no volume.</summary>
    public string? ClaimName { get; init; }

    /// <summary>The Secret with the credentials of the store; null if it is in none.</summary>
    public string? CredentialsSecret { get; init; }

    /// <summary>The SHA-256 that it was taken with; null if nobody knows it.</summary>
    public string? Sha256 { get; init; }

    public string? Endpoint { get; init; }

    public string? Region { get; init; }
}
