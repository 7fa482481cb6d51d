namespace Kv.Sandbox.ApiServer.Types;

/// <summary>The kinds that this server has from the start: those that an operator and its pods need.</summary>
internal static class BuiltInTypes
{
    public const string RbacGroup = "rbac.authorization.k8s.io";
    public const string DefinitionGroup = "apiextensions.k8s.io";
    public const string EventGroup = "events.k8s.io";

    /// <summary>Kinds that are asked, not stored.</summary>
    public static readonly IReadOnlyList<ResourceType> Reviews =
    [
        Review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews", isNamespaced: false),
        Review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews", isNamespaced: false),
        Review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews", isNamespaced: false),
        Review("authentication.k8s.io", "TokenReview", "tokenreviews", isNamespaced: false),
        Review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews", isNamespaced: false),
    ];

    public static IReadOnlyList<ResourceType> All { get; } =
    [
        Core("Namespace", "namespaces", "ns") with
        {
            IsNamespaced = false, HasStatus = true, Columns = BuiltInColumns.Namespaces,
        },
        Core("Node", "nodes", "no") with { IsNamespaced = false, HasStatus = true, Columns = BuiltInColumns.Nodes },
        Core("Pod", "pods", "po") with { HasStatus = true, Categories = ["all"], Columns = BuiltInColumns.Pods },
        Core("Service", "services", "svc") with
        {
            HasStatus = true, Categories = ["all"], Columns = BuiltInColumns.Services,
        },
        Core("Endpoints", "endpoints", "ep") with { Singular = "endpoints" },
        Core("ConfigMap", "configmaps", "cm") with { Columns = BuiltInColumns.ConfigMaps },
        Core("Secret", "secrets") with { Columns = BuiltInColumns.Secrets },
        Core("ServiceAccount", "serviceaccounts", "sa"),
        Core("Event", "events", "ev") with { Columns = BuiltInColumns.Events },
        Core("PersistentVolumeClaim", "persistentvolumeclaims", "pvc") with
        {
            HasStatus = true, Columns = BuiltInColumns.Claims,
        },
        Core("PersistentVolume", "persistentvolumes", "pv") with
        {
            IsNamespaced = false, HasStatus = true, Columns = BuiltInColumns.Volumes,
        },
        Of("storage.k8s.io", "StorageClass", "storageclasses", "sc") with
        {
            IsNamespaced = false, Columns = BuiltInColumns.StorageClasses,
        },
        Of("coordination.k8s.io", "Lease", "leases") with { Columns = BuiltInColumns.Leases },
        Of("policy", "PodDisruptionBudget", "poddisruptionbudgets", "pdb") with
        {
            HasStatus = true, Columns = BuiltInColumns.Budgets,
        },
        Of("discovery.k8s.io", "EndpointSlice", "endpointslices") with { Columns = BuiltInColumns.Slices },
        Of("networking.k8s.io", "NetworkPolicy", "networkpolicies", "netpol"),
        Of("batch", "Job", "jobs") with
        {
            HasStatus = true, Categories = ["all"], Columns = BuiltInColumns.Jobs,
        },
        Of("apps", "Deployment", "deployments", "deploy") with
        {
            HasStatus = true, Categories = ["all"], Columns = BuiltInColumns.Deployments,
            Scale = new ScalePaths(".spec.replicas", ".status.replicas", null),
        },
        // Deployments do without them here, but clients that wait for a deployment look for its sets.
        Of("apps", "ReplicaSet", "replicasets", "rs") with { HasStatus = true },
        Of(RbacGroup, "Role", "roles"),
        Of(RbacGroup, "RoleBinding", "rolebindings"),
        Of(RbacGroup, "ClusterRole", "clusterroles") with { IsNamespaced = false },
        Of(RbacGroup, "ClusterRoleBinding", "clusterrolebindings") with { IsNamespaced = false },
        Of(DefinitionGroup, "CustomResourceDefinition", "customresourcedefinitions", "crd", "crds") with
        {
            IsNamespaced = false, HasStatus = true, Columns = BuiltInColumns.Definitions,
        },
        Of(EventGroup, "Event", "events", "ev") with
        {
            StoragePrefix = "/registry/events/", Columns = BuiltInColumns.Events, Conversion = EventForms.Conversion,
        },
    ];

    private static ResourceType Core(string kind, string plural, params string[] shortNames) =>
        new("", "v1", kind, plural) { ShortNames = shortNames, StoragePrefix = $"/registry/{plural}/" };

    private static ResourceType Of(string group, string kind, string plural, params string[] shortNames) =>
        new(group, "v1", kind, plural) { ShortNames = shortNames, StoragePrefix = $"/registry/{group}/{plural}/" };

    private static ResourceType Review(string group, string kind, string plural, bool isNamespaced) =>
        new(group, "v1", kind, plural) { IsNamespaced = isNamespaced, StoragePrefix = "", Verbs = ["create"] };
}
