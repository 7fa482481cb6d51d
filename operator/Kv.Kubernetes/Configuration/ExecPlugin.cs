using System.Text.Json.Nodes;

namespace Kv.Kubernetes.Configuration;

/// <summary>How to run a program that prints credentials.</summary>
internal sealed record ExecPlugin(string ApiVersion, string Command, IReadOnlyList<string> Arguments)
{
    private const string ClusterExtension = "client.authentication.k8s.io/exec";
    private static readonly string[] KnownVersions =
        ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

    public IReadOnlyList<(string Name, string Value)> Environment { get; init; } = [];

    public string? InstallHint { get; init; }

    /// <summary>What the plugin is told of the cluster; null if it does not want to know.</summary>
    public JsonObject? Cluster { get; init; }

    /// <exception cref="KubeConfigException">The plugin cannot be run by this client.</exception>
    public static ExecPlugin From(KubeConfigExec exec, string folder, KubeConfigCluster cluster, byte[]? authorities)
    {
        string command = exec.Command
            ?? throw new KubeConfigException("The credential plugin of the kubeconfig has no command.");
        if (!KnownVersions.Contains(exec.ApiVersion))
        {
            throw new KubeConfigException(
                $"The credential plugin {command} has the version '{exec.ApiVersion}'; known are " +
                $"{string.Join(" and ", KnownVersions)}.");
        }

        if (exec.InteractiveMode == "Always")
        {
            throw new KubeConfigException(
                $"The credential plugin {command} wants to talk to somebody at a terminal, and here is none.");
        }

        // As kubectl has it: a bare name is looked for on the PATH, a path starts at the file it stands in.
        bool isPath = command.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return new ExecPlugin(exec.ApiVersion!, isPath ? Path.Combine(folder, command) : command, exec.Args ?? [])
        {
            Environment = [.. (exec.Env ?? []).Select(each => (each.Name ?? "", each.Value ?? ""))],
            InstallHint = exec.InstallHint,
            Cluster = exec.ProvideClusterInfo ? Describe(cluster, authorities) : null,
        };
    }

    private static JsonObject Describe(KubeConfigCluster cluster, byte[]? authorities)
    {
        var described = new JsonObject { ["server"] = cluster.Server };
        if (cluster.TlsServerName is not null)
            described["tls-server-name"] = cluster.TlsServerName;
        if (cluster.InsecureSkipTlsVerify)
            described["insecure-skip-tls-verify"] = true;
        if (authorities is not null)
            described["certificate-authority-data"] = Convert.ToBase64String(authorities);
        if (cluster.ProxyUrl is not null)
            described["proxy-url"] = cluster.ProxyUrl;
        var config = cluster.Extensions?.Find(each => each.Name == ClusterExtension)?.Extension;
        if (config is not null)
            described["config"] = config.DeepClone();
        return described;
    }
}
