namespace Kv.Kubernetes;

/// <summary>Anything that the API of Kubernetes names by a version and a kind.</summary>
public interface IKubernetesObject
{
    /// <summary>Group and version, "apps/v1", or the version alone for the core group, "v1".</summary>
    string ApiVersion { get; set; }

    string Kind { get; set; }
}

/// <summary>An object that has metadata: one that can be named, listed and watched.</summary>
public interface IKubernetesObject<TMetadata> : IKubernetesObject, IMetadata<TMetadata>;
