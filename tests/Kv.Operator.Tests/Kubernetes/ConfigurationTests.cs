using System.Text;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Configuration;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class ConfigurationTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_pod_uses_its_service_account_and_reads_its_token_anew()
    {
        using var authority = new TestAuthority("cluster");
        Write("token", "first\n");
        Write("namespace", "kv-system\n");
        File.WriteAllBytes(PathOf("ca.crt"), authority.Pem);

        var config = KubernetesClientConfiguration.InClusterConfig(_folder.Path, InPod("fd00::1"), _time);
        string before = await HeaderAsync(config);
        Write("token", "second");
        string soon = await HeaderAsync(config);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(("https://[fd00::1]:6443/", "kv-system"), (config.Host.ToString(), config.Namespace));
        Assert.Equal(("Bearer first", "Bearer first"), (before, soon));
        Assert.Equal("Bearer second", await HeaderAsync(config));
        Write("token", ""); // being replaced
        _time.Advance(TimeSpan.FromMinutes(1));
        File.Delete(PathOf("token"));
        Assert.Equal("Bearer second", await HeaderAsync(config));
    }

    [Fact]
    public async Task A_refused_token_is_read_anew_at_once()
    {
        Write("token", "first");
        var credential = new TokenFileCredential(PathOf("token"), _time);
        var identity = await credential.GetAsync(default);
        Write("token", "second");

        credential.Reject(identity);

        Assert.Equal("second", (await credential.GetAsync(default)).Header?.Parameter);
    }

    [Fact]
    public void Outside_of_a_pod_there_is_no_service_account()
    {
        var refusal = Assert.Throws<KubeConfigException>(() =>
            KubernetesClientConfiguration.InClusterConfig(_folder.Path, InPod("10.0.0.1"), _time));

        Assert.Contains("not a pod", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_current_context_says_cluster_user_and_namespace()
    {
        Write("secret.txt", "from-file");
        var config = Read(
            """
            current-context: dev
            contexts:
            - {name: dev, context: {cluster: c, user: u, namespace: team}}
            - {name: bare, context: {cluster: c}}
            clusters:
            - name: c
              cluster: {server: "https://10.1.2.3:6443/base", tls-server-name: kube, insecure-skip-tls-verify: true,
                        proxy-url: "http://proxy:3128"}
            users:
            - name: u
              user: {token: ignored, tokenFile: secret.txt, as: jane, as-groups: [a, b], as-uid: "7",
                     as-user-extra: {"x/y": [z]}}
            """);

        Assert.Equal("https://10.1.2.3:6443/base/", config.Host.ToString());
        Assert.Equal(("team", "kube", true), (config.Namespace, config.TlsServerName, config.SkipTlsVerify));
        Assert.Equal("http://proxy:3128/", config.Proxy?.ToString());
        Assert.Equal("Bearer from-file", await HeaderAsync(config));
        Assert.Equal(
            [
                ("Impersonate-User", "jane"), ("Impersonate-Uid", "7"), ("Impersonate-Group", "a"),
                ("Impersonate-Group", "b"), ("Impersonate-Extra-x%2Fy", "z"),
            ],
            config.Impersonation);
        var bare = KubernetesClientConfiguration.BuildConfigFromConfigFile(PathOf("config"), "bare");
        Assert.Equal(("default", ""), (bare.Namespace, await HeaderAsync(bare)));
    }

    [Fact]
    public async Task A_password_of_digits_need_not_be_quoted()
    {
        var config = Read(Simple("{username: 007, password: 12345}"));

        string expected = Convert.ToBase64String(Encoding.UTF8.GetBytes("7:12345"));
        Assert.Equal($"Basic {expected}", await HeaderAsync(config));
    }

    [Fact]
    public async Task Of_two_files_the_first_to_name_a_thing_counts_and_paths_start_at_their_file()
    {
        Directory.CreateDirectory(PathOf("other"));
        Write("a", "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]");
        Write(
            "other/b",
            """
            current-context: y
            contexts: [{name: x, context: {cluster: wrong}}]
            clusters: [{name: c, cluster: {server: "http://h:1"}}]
            users: [{name: u, user: {tokenFile: t}}]
            """);
        Write("other/t", "beside-b");

        var merged = KubeConfigFiles.Load([PathOf("missing"), PathOf("a"), PathOf("other/b")]);
        var config = KubeConfigReader.Read(merged, context: null, _time);

        Assert.Equal(("x", "http://h:1/"), (config.CurrentContext, config.Host.ToString()));
        Assert.Equal("Bearer beside-b", await HeaderAsync(config));
    }

    [Theory]
    [InlineData("clusters: [", "config: Line ")]
    [InlineData("clusters: 5", "config: ")]
    [InlineData("- a", "config: ")]
    [InlineData("contexts: [{name: a}, {name: b}]", "no current context; there are: a, b")]
    [InlineData("current-context: q\ncontexts: [{name: a}]", "no context 'q'; there are: a")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: z}}]", "no cluster 'z'; there are: none")]
    public void What_is_wrong_with_a_file_is_said(string text, string expected)
    {
        var refusal = Assert.Throws<KubeConfigException>(() => Read(text));

        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{auth-provider: {name: gcp}}", "use exec")]
    [InlineData("{client-certificate-data: aaaa}", "but not both")]
    [InlineData("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}", "v1alpha1")]
    [InlineData("{exec: {apiVersion: client.authentication.k8s.io/v1}}", "no command")]
    [InlineData(
        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}", "terminal")]
    public void What_a_user_cannot_do_here_is_said(string user, string expected)
    {
        var refusal = Assert.Throws<KubeConfigException>(() => Read(Simple(user)));

        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{server: nowhere}", "https://host:port")]
    [InlineData("{server: 'ftp://x'}", "https://host:port")]
    [InlineData("{server: 'http://x', certificate-authority-data: '!'}", "base64")]
    [InlineData("{server: 'http://x', certificate-authority-data: YWJj}", "no certificate")]
    [InlineData("{server: 'http://x', certificate-authority: gone.crt}", "gone.crt")]
    public void What_is_wrong_with_a_cluster_is_said(string cluster, string expected)
    {
        var refusal = Assert.Throws<KubeConfigException>(() => Read(Simple("{token: t}", cluster)));

        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_is_told_of_the_cluster_and_gives_a_token_until_it_expires()
    {
        using var authority = new TestAuthority("cluster");
        string data = Convert.ToBase64String(authority.Pem);
        Script(
            "plugin",
            """
            n=$(cat runs 2>/dev/null || echo 0); echo $((n+1)) > runs
            printf '%s' "$KUBERNETES_EXEC_INFO" > asked
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":'
            echo '{"token":"'$1-$GREETING-$n'","expirationTimestamp":"1970-01-01T01:00:00Z"}}'
            """);
        var config = Read(Simple(
            """
            {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [arg],
                    provideClusterInfo: true, interactiveMode: IfAvailable, env: [{name: GREETING, value: hello}]}}
            """,
            $$$"""
            {server: "https://h:1", certificate-authority-data: "{{{data}}}",
             extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]}
            """));

        Assert.Equal("Bearer arg-hello-0", await HeaderAsync(config));
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("Bearer arg-hello-0", await HeaderAsync(config));
        _time.Advance(TimeSpan.FromSeconds(31)); // not when it has expired, but before
        Assert.Equal("Bearer arg-hello-1", await HeaderAsync(config));

        var asked = JsonNode.Parse(File.ReadAllText(PathOf("asked")))!;
        Assert.Equal("ExecCredential", (string?)asked["kind"]);
        Assert.False((bool?)asked["spec"]?["interactive"]);
        var cluster = asked["spec"]!["cluster"]!;
        Assert.Equal("https://h:1", (string?)cluster["server"]);
        Assert.Equal(data, (string?)cluster["certificate-authority-data"]);
        Assert.Equal("x", (string?)cluster["config"]?["audience"]);
    }

    [Fact]
    public async Task A_plugin_whose_token_is_refused_is_run_again()
    {
        Script(
            "plugin",
            """
            n=$(cat runs 2>/dev/null || echo 0); echo $((n+1)) > runs
            echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",'
            echo '"status":{"token":"'$n'"}}'
            """);
        var config = Read(Simple("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin}}"));

        var first = await config.Credential.GetAsync(default);
        _time.Advance(TimeSpan.FromDays(300));
        Assert.Equal("Bearer 0", await HeaderAsync(config));
        config.Credential.Reject(first);
        config.Credential.Reject(first); // by another request that had used it

        Assert.Equal("Bearer 1", await HeaderAsync(config));
        config.Credential.Reject(first);
        Assert.Equal("Bearer 1", await HeaderAsync(config));
    }

    [Theory]
    [InlineData("echo no luck >&2; exit 3", "ended with 3: no luck")]
    [InlineData("echo hello", "cannot be used")]
    [InlineData("""echo '{"apiVersion":"v1","kind":"ExecCredential"}'""", "not an ExecCredential of")]
    [InlineData(
        """echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""",
        "neither a token nor a certificate")]
    public async Task A_plugin_that_fails_is_told_of(string script, string expected)
    {
        Script("plugin", script);
        var config = Read(Simple("{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}"));

        var refusal = await Assert.ThrowsAsync<KubeConfigException>(() => HeaderAsync(config));

        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plugin_that_is_not_there_is_told_of_with_its_hint()
    {
        var config = Read(Simple(
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, installHint: Get it.}}"));

        var refusal = await Assert.ThrowsAsync<KubeConfigException>(() => HeaderAsync(config));

        Assert.Contains("no-such-plugin", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("Get it.", refusal.Message, StringComparison.Ordinal);
    }

    private static Func<string, string?> InPod(string host) =>
        name => name == "KUBERNETES_SERVICE_HOST" ? host : "6443";

    private static string Simple(string user, string cluster = "{server: 'http://h:1'}") =>
        $$$"""
        current-context: x
        contexts: [{name: x, context: {cluster: c, user: u}}]
        clusters:
        - name: c
          cluster: {{{cluster.ReplaceLineEndings(" ")}}}
        users:
        - name: u
          user: {{{user.ReplaceLineEndings(" ")}}}
        """;

    private static async Task<string> HeaderAsync(KubernetesClientConfiguration config) =>
        (await config.Credential.GetAsync(default)).Header?.ToString() ?? "";

    private KubernetesClientConfiguration Read(string text)
    {
        Write("config", text);
        return KubeConfigReader.Read(KubeConfigFiles.Load([PathOf("config")]), context: null, _time);
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    private void Script(string name, string text)
    {
        Write(name, $"#!/bin/sh\ncd {_folder.Path}\n{text}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(PathOf(name), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
