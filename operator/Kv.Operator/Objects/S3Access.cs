using Kv.Kubernetes.Models;

namespace Kv.Operator.Objects;

/// <summary>How a container of the node reaches a store that speaks S3: flags of its commands, and variables that come
/// from a Secret. The same for whoever writes, deletes or reads a snapshot.</summary>
public static class S3Access
{
    private const string AccessKeyId = "accessKeyId";
    private const string SecretAccessKey = "secretAccessKey";

    /// <summary>What such a Secret has.</summary>
    public static IReadOnlyList<string> SecretKeys { get; } = [AccessKeyId, SecretAccessKey];

    public static IEnumerable<string> Flags(string? endpoint, string? region)
    {
        if (endpoint is not null)
            yield return $"--s3-endpoint={endpoint}";
        if (region is not null)
            yield return $"--s3-region={region}";
    }

    /// <param name="secret">Its name; null for a snapshot that is in no store.</param>
    public static IEnumerable<V1EnvVar> Variables(string? secret)
    {
        if (secret is null)
            yield break;
        yield return FromSecret("AWS_ACCESS_KEY_ID", secret, AccessKeyId);
        yield return FromSecret("AWS_SECRET_ACCESS_KEY", secret, SecretAccessKey);
    }

    private static V1EnvVar FromSecret(string variable, string secret, string key) => new()
    {
        Name = variable,
        ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Name = secret, Key = key } },
    };
}
