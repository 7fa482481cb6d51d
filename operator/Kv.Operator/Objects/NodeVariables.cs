using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Objects;

/// <summary>The environment of a node. What is for export alone is there only if <c>spec.env</c> says something, so
/// that members of clusters which export nothing stay as they are.</summary>
internal static class NodeVariables
{
    private const string ResourceAttributes = $"{EnvVariable.Prefix}RESOURCE_ATTRIBUTES";

    public static IEnumerable<V1EnvVar> Of(ClusterLayout layout, string member)
    {
        yield return FromField("POD_IP", "status.podIP");
        yield return new V1EnvVar { Name = "DOTNET_EnableDiagnostics", Value = "0" };
        if (layout.Spec.Env is not { Count: > 0 } given)
            yield break;

        // Kubernetes puts into a value what stands before it.
        yield return FromField("NODE_NAME", "spec.nodeName");
        yield return FromField("HOST_IP", "status.hostIP");
        if (given.All(variable => variable.Name != ResourceAttributes))
            yield return new V1EnvVar { Name = ResourceAttributes, Value = Attributes(layout, member) };
        foreach (EnvVariable variable in given)
        {
            bool isExtended = variable is { Name: ResourceAttributes, Value: not null };
            yield return new V1EnvVar
            {
                Name = variable.Name,
                Value = isExtended ? $"{Attributes(layout, member)},{variable.Value}" : variable.Value,
                ValueFrom = variable.ValueFrom is { } source ? FromSecret(source.SecretKeyRef) : null,
            };
        }
    }

    /// <summary>Whether it is for whatever runs from the node's image, and not for its server alone.</summary>
    public static bool IsForAll(V1EnvVar variable) =>
        variable.ValueFrom is null && !variable.Name.StartsWith(EnvVariable.Prefix, StringComparison.Ordinal);

    // By the names of OpenTelemetry's conventions for services and for Kubernetes. Of two of one name the node takes
    // the later, so that whatever is given goes before these.
    private static string Attributes(ClusterLayout layout, string member) => string.Join(
        ',',
        $"service.name={layout.Name}",
        $"service.namespace={layout.Namespace}",
        $"service.instance.id={member}",
        $"k8s.namespace.name={layout.Namespace}",
        $"k8s.pod.name={member}",
        $"k8s.container.name={MemberPod.Container}",
        "k8s.node.name=$(NODE_NAME)");

    private static V1EnvVar FromField(string name, string path) => new()
    {
        Name = name,
        ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = path } },
    };

    private static V1EnvVarSource FromSecret(SecretKeyReference key) =>
        new() { SecretKeyRef = new V1SecretKeySelector { Name = key.Name, Key = key.Key } };
}
