namespace Kv.Operator.Api;

/// <summary>Names that objects of Kubernetes carry; they are looked for by them, and so never change.</summary>
public static class Names
{
    public const string Group = "kvoperator.io";

    public const string Finalizer = "kvoperator.io/cluster";

    public const string FieldManager = "kv-operator";

    // Labels.
    public const string AppName = "app.kubernetes.io/name";
    public const string AppNameValue = "kv-node";
    public const string AppInstance = "app.kubernetes.io/instance";
    public const string ManagedBy = "app.kubernetes.io/managed-by";
    public const string Cluster = "kvoperator.io/cluster";
    public const string Member = "kvoperator.io/member";

    /// <summary>On pods that the Service of clients may choose.</summary>
    public const string Serving = "kvoperator.io/serving";

    /// <summary>On volumes that were kept when their member, or their cluster, went.</summary>
    public const string Retained = "kvoperator.io/retained";

    // Annotations.
    public const string ClusterUid = "kvoperator.io/cluster-uid";
    public const string TemplateHash = "kvoperator.io/template-hash";
    public const string InitialCluster = "kvoperator.io/initial-cluster";
    /// <summary>On a cluster: a new value asks for a new authority of certificates.</summary>
    public const string RotateAuthority = "kvoperator.io/rotate-authority";

    /// <summary>On a cluster that has lost its quorum: asks to recover it, see <see cref="Planning.RecoveryRequest"/>.
    /// </summary>
    public const string Recover = "kvoperator.io/recover";

    /// <summary>On the pod of the survivor while it is forced: the number of the recovery.</summary>
    public const string Recovery = "kvoperator.io/recovery";

    /// <summary>On volumes that were put aside: the number of the recovery.</summary>
    public const string Fenced = "kvoperator.io/fenced";
    /// <summary>On a cluster: with the value <c>true</c> its members are taken to any version.</summary>
    public const string AllowUnsupportedUpgrade = "kvoperator.io/allow-unsupported-upgrade";

    public const string InitializedFor = "kvoperator.io/initialized-for";

    public static string PeerServiceOf(string cluster) => cluster + "-peers";

    public static string ClientServiceOf(string cluster) => cluster;
}
