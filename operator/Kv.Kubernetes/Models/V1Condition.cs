namespace Kv.Kubernetes.Models;

/// <summary>A condition as custom resources have them (metav1.Condition).</summary>
public sealed class V1Condition : ApiModel
{
    public string Type { get; set; } = "";

    /// <summary>"True", "False" or "Unknown".</summary>
    public string Status { get; set; } = "";

    public long? ObservedGeneration { get; set; }

    /// <summary>When <see cref="Status"/> last became another, not when it was last written.</summary>
    public DateTime LastTransitionTime { get; set; }

    public string Reason { get; set; } = "";
    public string Message { get; set; } = "";
}
