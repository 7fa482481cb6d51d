namespace Kv.Kubernetes.Configuration;

/// <summary>Where the API server is, how to know it, and who we are to it.</summary>
public sealed record KubernetesClientConfiguration
{
    private const string DefaultAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>The URL of the server.</summary>
    public required Uri Host { get; init; }

    /// <summary>The namespace for what names none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>The context of the kubeconfig; null if it came from elsewhere.</summary>
    public string? CurrentContext { get; init; }

    /// <summary>Who may vouch for the server; null: whom the machine trusts.</summary>
    public TrustRoots? Authorities { get; init; }

    /// <summary>Whether the server's certificate is not looked at.</summary>
    public bool SkipTlsVerify { get; init; }

    /// <summary>The name that the server's certificate must bear, if it is not the host's.</summary>
    public string? TlsServerName { get; init; }

    public Uri? Proxy { get; init; }

    public ICredential Credential { get; init; } = FixedCredential.Nobody;

    /// <summary>Headers that ask the server to treat us as somebody else.</summary>
    public IReadOnlyList<(string Name, string Value)> Impersonation { get; init; } = [];

    /// <summary>How many requests a second are sent in the long run; watches do not count.</summary>
    public double QueriesPerSecond { get; init; } = 20;

    /// <summary>How many requests may be sent at once after a pause.</summary>
    public int Burst { get; init; } = 30;

    /// <summary>How long a request, other than a watch or a log, may take with its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether this process runs in a pod with a service account.</summary>
    public static bool IsInCluster() => IsInCluster(DefaultAccountFolder, Environment.GetEnvironmentVariable);

    /// <summary>What <c>KUBECONFIG</c> says, else the file in the home folder, else the pod's service
    /// account.</summary>
    /// <exception cref="KubeConfigException">There is none of these, or it cannot be used.</exception>
    public static KubernetesClientConfiguration BuildDefaultConfig()
    {
        var paths = KubeConfigFiles.DefaultPaths();
        if (paths.Any(File.Exists))
            return KubeConfigReader.Read(KubeConfigFiles.Load(paths), context: null, TimeProvider.System);
        if (IsInCluster())
            return InClusterConfig();
        throw new KubeConfigException(
            "No cluster is configured: set KUBECONFIG, write ~/.kube/config, or run in a pod with a service account.");
    }

    /// <summary>As the pod's service account. Its token is read again as the kubelet renews it.</summary>
    /// <exception cref="KubeConfigException">This is not a pod, or it has no service account.</exception>
    public static KubernetesClientConfiguration InClusterConfig() =>
        InClusterConfig(DefaultAccountFolder, Environment.GetEnvironmentVariable, TimeProvider.System);

    /// <param name="path">The file; null for what <c>KUBECONFIG</c> lists, else the one in the home folder.</param>
    /// <param name="currentContext">The context; null for the file's own.</param>
    /// <exception cref="KubeConfigException">The file cannot be used.</exception>
    public static KubernetesClientConfiguration BuildConfigFromConfigFile(
        string? path = null,
        string? currentContext = null)
    {
        var paths = path is null ? KubeConfigFiles.DefaultPaths() : [path];
        if (paths.Count == 0)
            throw new KubeConfigException("There is no kubeconfig: set KUBECONFIG or write ~/.kube/config.");
        return KubeConfigReader.Read(KubeConfigFiles.Load(paths), currentContext, TimeProvider.System);
    }

    internal static KubernetesClientConfiguration InClusterConfig(
        string accountFolder,
        Func<string, string?> variable,
        TimeProvider time)
    {
        if (!IsInCluster(accountFolder, variable))
        {
            throw new KubeConfigException(
                $"This is not a pod with a service account: {HostVariable}, {PortVariable} and " +
                $"{accountFolder}/token must be there.");
        }

        string host = variable(HostVariable)!;
        string bracketed = host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
        string namespaceFile = Path.Combine(accountFolder, "namespace");
        return new KubernetesClientConfiguration
        {
            Host = new Uri($"https://{bracketed}:{variable(PortVariable)}/"),
            Namespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "default",
            Authorities = TrustRoots.OfFile(Path.Combine(accountFolder, "ca.crt")),
            Credential = new TokenFileCredential(Path.Combine(accountFolder, "token"), time),
        };
    }

    private static bool IsInCluster(string accountFolder, Func<string, string?> variable) =>
        !string.IsNullOrEmpty(variable(HostVariable))
        && !string.IsNullOrEmpty(variable(PortVariable))
        && File.Exists(Path.Combine(accountFolder, "token"));
}
