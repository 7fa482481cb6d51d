namespace Kv.Server.Snapshots;

/// <summary>How a service that speaks S3 is reached. Who calls is in the environment: AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY and, if need be, AWS_SESSION_TOKEN.</summary>
/// <param name="Endpoint">URL of the service; null for that of AWS.</param>
/// <param name="Region">Null for us-east-1.</param>
internal sealed record S3Settings(string? Endpoint, string? Region)
{
    /// <summary>A test of what calls that fail come to may want fewer, or sooner.</summary>
    public int RetryMax { get; init; } = 8;

    /// <summary>How much of the content is held in memory and sent at a time. S3 wants at least 5 MiB, and at most
    /// 10,000 parts: larger contents get larger parts.</summary>
    public int PartBytes { get; init; } = 8 << 20;
}
