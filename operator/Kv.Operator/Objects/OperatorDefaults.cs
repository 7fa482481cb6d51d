namespace Kv.Operator.Objects;

/// <summary>What an installation of the operator decides for all clusters.</summary>
public sealed record OperatorDefaults
{
    /// <summary>Where images of the node are, without tag; the tag is the version.</summary>
    public string ImageRepository { get; init; } = "kvoperator/kv-node";

    /// <summary>Version of clusters that name none.</summary>
    public string DefaultVersion { get; init; } = "3.7.1";

    /// <summary>What names of Services end in.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";
}
