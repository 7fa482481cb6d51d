using Kv.Kubernetes.Models;

namespace Kv.Operator.Objects;

/// <summary>What makes the pods that run the node's image fit for the restricted profile of pod security.</summary>
internal static class RestrictedProfile
{
    private const long User = 65532;

    public static V1PodSecurityContext OfPod() => new()
    {
        RunAsNonRoot = true,
        RunAsUser = User,
        RunAsGroup = User,
        FsGroup = User,
        FsGroupChangePolicy = "OnRootMismatch",
        SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" },
    };

    public static V1SecurityContext OfContainer() => new()
    {
        AllowPrivilegeEscalation = false,
        Capabilities = new V1Capabilities { Drop = ["ALL"] },
        ReadOnlyRootFilesystem = true,
    };
}
