namespace Kv.Kubernetes.Configuration;

/// <summary>The configuration cannot be used: a file that is missing or wrong, a name that nothing has, a plugin that
/// failed. The message says which, and what to do.</summary>
public sealed class KubeConfigException : Exception
{
    public KubeConfigException(string message)
        : base(message)
    {
    }

    public KubeConfigException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
