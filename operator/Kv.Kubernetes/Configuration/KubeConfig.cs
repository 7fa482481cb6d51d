using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Configuration;

/// <summary>A kubeconfig file as it is written.</summary>
internal sealed class KubeConfig
{
    [JsonPropertyName("current-context")]
    public string? CurrentContext { get; set; }

    public List<KubeConfigEntry>? Clusters { get; set; }

    public List<KubeConfigEntry>? Users { get; set; }

    public List<KubeConfigEntry>? Contexts { get; set; }
}

/// <summary>A cluster, a user or a context, and its name: the three lists differ only in which part is there.</summary>
internal sealed class KubeConfigEntry
{
    public string? Name { get; set; }

    public KubeConfigCluster? Cluster { get; set; }

    public KubeConfigUser? User { get; set; }

    public KubeConfigContext? Context { get; set; }

    /// <summary>The folder of the file it came from: its relative paths start there.</summary>
    [JsonIgnore]
    public string Folder { get; set; } = "";
}

internal sealed class KubeConfigContext
{
    public string? Cluster { get; set; }

    public string? User { get; set; }

    public string? Namespace { get; set; }
}

internal sealed class KubeConfigCluster
{
    public string? Server { get; set; }

    [JsonPropertyName("certificate-authority")]
    public string? CertificateAuthority { get; set; }

    [JsonPropertyName("certificate-authority-data")]
    public string? CertificateAuthorityData { get; set; }

    [JsonPropertyName("insecure-skip-tls-verify")]
    public bool InsecureSkipTlsVerify { get; set; }

    [JsonPropertyName("tls-server-name")]
    public string? TlsServerName { get; set; }

    [JsonPropertyName("proxy-url")]
    public string? ProxyUrl { get; set; }

    public List<KubeConfigExtension>? Extensions { get; set; }
}

internal sealed class KubeConfigExtension
{
    public string? Name { get; set; }

    public JsonNode? Extension { get; set; }
}

internal sealed class KubeConfigUser
{
    public string? Token { get; set; }

    public string? TokenFile { get; set; }

    public string? Username { get; set; }

    public string? Password { get; set; }

    [JsonPropertyName("client-certificate")]
    public string? ClientCertificate { get; set; }

    [JsonPropertyName("client-certificate-data")]
    public string? ClientCertificateData { get; set; }

    [JsonPropertyName("client-key")]
    public string? ClientKey { get; set; }

    [JsonPropertyName("client-key-data")]
    public string? ClientKeyData { get; set; }

    public KubeConfigExec? Exec { get; set; }

    [JsonPropertyName("auth-provider")]
    public JsonNode? AuthPlugin { get; set; }

    [JsonPropertyName("as")]
    public string? Impersonate { get; set; }

    [JsonPropertyName("as-uid")]
    public string? ImpersonateUid { get; set; }

    [JsonPropertyName("as-groups")]
    public List<string>? ImpersonateGroups { get; set; }

    [JsonPropertyName("as-user-extra")]
    public Dictionary<string, List<string>>? ImpersonateExtra { get; set; }
}

internal sealed class KubeConfigExec
{
    public string? ApiVersion { get; set; }

    public string? Command { get; set; }

    public List<string>? Args { get; set; }

    public List<KubeConfigExecVariable>? Env { get; set; }

    public string? InstallHint { get; set; }

    public string? InteractiveMode { get; set; }

    public bool ProvideClusterInfo { get; set; }
}

internal sealed class KubeConfigExecVariable
{
    public string? Name { get; set; }

    public string? Value { get; set; }
}
