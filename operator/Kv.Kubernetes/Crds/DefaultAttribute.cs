namespace Kv.Kubernetes.Crds;

/// <summary>The API server fills the field in with the value that a new object of the type has.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultAttribute : Attribute;
