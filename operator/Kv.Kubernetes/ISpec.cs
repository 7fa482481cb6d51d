namespace Kv.Kubernetes;

/// <summary>An object that says what is wanted.</summary>
public interface ISpec<TSpec>
{
    TSpec Spec { get; set; }
}
