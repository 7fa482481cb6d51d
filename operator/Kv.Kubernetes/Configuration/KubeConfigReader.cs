namespace Kv.Kubernetes.Configuration;

/// <summary>Makes a configuration of what a kubeconfig says of one context.</summary>
internal static class KubeConfigReader
{
    /// <exception cref="KubeConfigException">A name leads nowhere, or something cannot be used.</exception>
    public static KubernetesClientConfiguration Read(KubeConfig config, string? context, TimeProvider time)
    {
        string name = context ?? config.CurrentContext ?? "";
        if (name.Length == 0)
        {
            throw new KubeConfigException(
                $"The kubeconfig has no current context; there are: {Names(config.Contexts)}.");
        }

        var contextOf = Find(config.Contexts, name, "context").Context
            ?? throw new KubeConfigException($"The context '{name}' of the kubeconfig is empty.");
        var clusterEntry = Find(config.Clusters, contextOf.Cluster ?? "", "cluster");
        var cluster = clusterEntry.Cluster ?? new KubeConfigCluster();
        var authorities = AuthoritiesOf(cluster, clusterEntry.Folder);
        var userEntry = string.IsNullOrEmpty(contextOf.User) ? null : Find(config.Users, contextOf.User, "user");
        var user = userEntry?.User ?? new KubeConfigUser();

        return new KubernetesClientConfiguration
        {
            Host = HostOf(cluster, contextOf.Cluster),
            Namespace = string.IsNullOrEmpty(contextOf.Namespace) ? "default" : contextOf.Namespace,
            CurrentContext = name,
            Authorities = authorities,
            SkipTlsVerify = cluster.InsecureSkipTlsVerify,
            TlsServerName = cluster.TlsServerName,
            Proxy = ProxyOf(cluster),
            Credential = CredentialOf(user, userEntry?.Folder ?? "", cluster, authorities, time),
            Impersonation = [.. ImpersonationOf(user)],
        };
    }

    private static KubeConfigEntry Find(List<KubeConfigEntry>? entries, string name, string what) =>
        entries?.Find(each => each.Name == name)
            ?? throw new KubeConfigException($"The kubeconfig has no {what} '{name}'; there are: {Names(entries)}.");

    private static string Names(List<KubeConfigEntry>? entries) =>
        entries is { Count: > 0 } ? string.Join(", ", entries.Select(each => each.Name)) : "none";

    private static Uri HostOf(KubeConfigCluster cluster, string? name)
    {
        // Without a slash at the end, the last part of a path would be replaced, not extended.
        string server = (cluster.Server ?? "").TrimEnd('/') + "/";
        return Uri.TryCreate(server, UriKind.Absolute, out var host) && host.Scheme is "http" or "https"
            ? host
            : throw new KubeConfigException($"The cluster '{name}' has no server of the form https://host:port.");
    }

    private static TrustRoots? AuthoritiesOf(KubeConfigCluster cluster, string folder)
    {
        if (!string.IsNullOrEmpty(cluster.CertificateAuthorityData))
            return TrustRoots.OfPem(Decode(cluster.CertificateAuthorityData, "certificate-authority-data"));
        return string.IsNullOrEmpty(cluster.CertificateAuthority)
            ? null
            : TrustRoots.OfFile(Path.Combine(folder, cluster.CertificateAuthority));
    }

    private static Uri? ProxyOf(KubeConfigCluster cluster)
    {
        if (string.IsNullOrEmpty(cluster.ProxyUrl))
            return null;
        return Uri.TryCreate(cluster.ProxyUrl, UriKind.Absolute, out var proxy)
            ? proxy
            : throw new KubeConfigException($"'{cluster.ProxyUrl}' is not the URL of a proxy.");
    }

    private static ICredential CredentialOf(
        KubeConfigUser user,
        string folder,
        KubeConfigCluster cluster,
        TrustRoots? authorities,
        TimeProvider time)
    {
        if (user.AuthPlugin is not null)
        {
            throw new KubeConfigException(
                "The user of the kubeconfig has an auth-provider, which Kubernetes 1.26 dropped; use exec instead.");
        }

        var certificate = CertificateOf(user, folder, time);
        var header = HeaderOf(user, folder, time);
        if (header is null && certificate is null && user.Exec is not null)
            return new ExecCredential(ExecPlugin.From(user.Exec, folder, cluster, authorities?.ReadPem()), time);
        return (certificate, header) switch
        {
            (null, null) => FixedCredential.Nobody,
            (not null, null) => certificate,
            (null, not null) => header,
            _ => new CombinedCredential(certificate, header),
        };
    }

    private static ICredential? HeaderOf(KubeConfigUser user, string folder, TimeProvider time)
    {
        // The file is the fresher of the two (client-go).
        if (!string.IsNullOrEmpty(user.TokenFile))
            return new TokenFileCredential(Path.Combine(folder, user.TokenFile), time);
        if (!string.IsNullOrEmpty(user.Token))
            return FixedCredential.OfToken(user.Token);
        return string.IsNullOrEmpty(user.Username)
            ? null
            : FixedCredential.OfPassword(user.Username, user.Password ?? "");
    }

    private static CertificateFileCredential? CertificateOf(KubeConfigUser user, string folder, TimeProvider time)
    {
        bool hasCertificate = HasAny(user.ClientCertificateData, user.ClientCertificate);
        bool hasKey = HasAny(user.ClientKeyData, user.ClientKey);
        if (hasCertificate != hasKey)
            throw new KubeConfigException("The user of the kubeconfig has a certificate or a key, but not both.");
        return hasCertificate
            ? new CertificateFileCredential(
                () => (
                    TextOf(user.ClientCertificateData, user.ClientCertificate, folder, "client-certificate-data"),
                    TextOf(user.ClientKeyData, user.ClientKey, folder, "client-key-data")),
                time)
            : null;
    }

    private static bool HasAny(string? first, string? second) =>
        !string.IsNullOrEmpty(first) || !string.IsNullOrEmpty(second);

    private static string TextOf(string? data, string? file, string folder, string field) =>
        string.IsNullOrEmpty(data)
            ? File.ReadAllText(Path.Combine(folder, file!))
            : System.Text.Encoding.ASCII.GetString(Decode(data, field));

    private static byte[] Decode(string base64, string field)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException failure)
        {
            throw new KubeConfigException($"{field} of the kubeconfig is not in base64.", failure);
        }
    }

    private static IEnumerable<(string Name, string Value)> ImpersonationOf(KubeConfigUser user)
    {
        if (!string.IsNullOrEmpty(user.Impersonate))
            yield return ("Impersonate-User", user.Impersonate);
        if (!string.IsNullOrEmpty(user.ImpersonateUid))
            yield return ("Impersonate-Uid", user.ImpersonateUid);
        foreach (string group in user.ImpersonateGroups ?? [])
            yield return ("Impersonate-Group", group);
        foreach ((string key, var values) in user.ImpersonateExtra ?? [])
        {
            foreach (string value in values)
                yield return ($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);
        }
    }
}
