using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Names;

/// <summary>The node under etcd's names, as a manifest made for etcd starts it.</summary>
public sealed class EtcdNameTests : IDisposable
{
    // Of the flags of kubeadm's static pod, those that changed their names: until 1.33, and since.
    private static readonly string[] Older =
        ["--experimental-initial-corrupt-check=true", "--experimental-watch-progress-notify-interval=5s"];

    private static readonly string[] Newer =
        ["--feature-gates=InitialCorruptCheck=true", "--watch-progress-notify-interval=5s"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _folder = new();

    public EtcdNameTests()
    {
        File.CreateSymbolicLink(_folder["etcd"], NodeProgram.Ours.File);
        File.CreateSymbolicLink(_folder["etcdutl"], NodeProgram.Ours.File);
    }

    public static TheoryData<string[]> Spellings => [Older, Newer];

    private NodeProgram Etcd => new("kv-node as etcd", _folder["etcd"]);

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task A_static_pod_of_kubeadm_needs_another_image_and_nothing_else(string[] spelling)
    {
        var settings = new NodeSettings(_folder["m1"]) { ClientScheme = "https", PeerScheme = "https" };
        string metrics = $"http://{Loopback.NextAddress()}";
        IssueFiles(settings);
        settings = settings with
        {
            Extra =
            [
                $"--cert-file={_folder["server.crt"]}",
                "--client-cert-auth=true",
                $"--key-file={_folder["server.key"]}",
                $"--listen-metrics-urls={metrics}",
                $"--peer-cert-file={_folder["server.crt"]}",
                "--peer-client-cert-auth=true",
                $"--peer-key-file={_folder["server.key"]}",
                $"--peer-trusted-ca-file={_folder["ca.crt"]}",
                "--snapshot-count=10000",
                $"--trusted-ca-file={_folder["ca.crt"]}",
                .. spelling,
            ],
        };
        await using NodeProcess node = await NodeProcess.StartAsync(Etcd, settings);
        using var probe = new HttpClient();
        foreach (string path in new[] { "/health?serializable=true", "/livez", "/readyz" })
            Assert.Equal(HttpStatusCode.OK, (await probe.GetAsync(new Uri(metrics + path))).StatusCode);

        ProgramRun put = await ProgramRun.StartAsync(
            EtcdRelease.V35.Etcdctl,
            [
                $"--endpoints={node.Url}", $"--cacert={_folder["ca.crt"]}", $"--cert={_folder["client.crt"]}",
                $"--key={_folder["client.key"]}", "put", "a", "1",
            ]);
        Assert.Equal("OK\n", put.MustSucceed().Output);
        Assert.DoesNotContain("\"level\":\"error\"", node.Output);
    }

    [Fact]
    public async Task Its_version_is_told_as_etcd_tells_it()
    {
        ProgramRun run = (await Etcd.RunAsync("--version")).MustSucceed();
        ProgramRun real = (await NodeProgram.Etcd35.RunAsync("--version")).MustSucceed();
        const string Values = ": .*";
        Assert.Equal(Regex.Replace(real.Output, Values, ""), Regex.Replace(run.Output, Values, ""));
        Assert.Matches(@"^etcd Version: \d+\.\d+\.\d+\n", run.Output);
    }

    [Fact]
    public async Task What_is_wrong_is_told_under_the_name_it_was_called_by()
    {
        ProgramRun run = await Etcd.RunAsync("--nonsense");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("etcd: ", run.Errors);
        Assert.Contains("See 'etcd --help'", run.Errors);
    }

    [Fact]
    public async Task Without_a_directory_data_lies_where_etcd_puts_them()
    {
        var settings = new NodeSettings(_folder["unused"]) { Name = "somebody" };
        string[] kept =
            [.. settings.Arguments.Where(each => each is not "--data-dir" && each != settings.DataDirectory)];
        using var node = Process.Start(new ProcessStartInfo(_folder["etcd"], kept)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var output = new ProcessOutput(node);
            Assert.True(await output.SaysAsync("ready to serve client requests", Patience), output.Text);
            Assert.True(Directory.Exists(_folder["somebody.etcd/member/snap"]));
        }
        finally
        {
            node.Kill();
            await node.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Etcdutl_works_on_files_and_is_no_server()
    {
        var etcdutl = new NodeProgram("kv-node as etcdutl", _folder["etcdutl"]);
        Assert.StartsWith("etcdutl version: ", (await etcdutl.RunAsync("version")).MustSucceed().Output);
        ProgramRun status = await etcdutl.RunAsync("snapshot", "status", _folder["missing"]);
        Assert.Equal(1, status.ExitCode);
        Assert.Equal(1, (await etcdutl.RunAsync("--name", "x")).ExitCode);
    }

    public void Dispose() => _folder.Dispose();

    private void IssueFiles(NodeSettings settings)
    {
        var authority = new TestAuthority();
        string[] hosts = [settings.ClientAddress.Split(':')[0], settings.PeerAddress.Split(':')[0]];
        authority.Issue("server", new CertificateWishes { Hosts = hosts })
            .WriteTo(_folder["server.crt"], _folder["server.key"]);
        authority.Issue("client").WriteTo(_folder["client.crt"], _folder["client.key"]);
        File.WriteAllText(_folder["ca.crt"], authority.Pem);
    }
}
