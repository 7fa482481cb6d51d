namespace Kv.Kubernetes;

/// <summary>An object that says what was found.</summary>
public interface IStatus<TStatus>
{
    TStatus Status { get; set; }
}
