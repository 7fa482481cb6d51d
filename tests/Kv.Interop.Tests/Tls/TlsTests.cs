using System.Net;
using System.Net.Sockets;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Sessions;
using Kv.Testing;

namespace Kv.Interop.Tests.Tls;

/// <summary>etcdctl by TLS. Every test is run against etcd too, which shows that it asks for what etcd does.</summary>
public sealed class TlsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Clients_with_a_certificate_are_served(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, SecuredNode.DemandsClients);
        using RunningCommand watch = node.Begin("alice", "watch", "a", "--rev", "1");
        (await node.CallAsync(EtcdRelease.V34, "alice", "put", "a", "1")).MustSucceed();
        (await node.CallAsync(EtcdRelease.V35, "alice", "put", "a", "2")).MustSucceed();

        Assert.Equal("a\n2\n", (await node.CallAsync(EtcdRelease.V34, "alice", "get", "a")).MustSucceed().Output);
        Assert.Equal("a\n2\n", (await node.CallAsync(EtcdRelease.V35, "alice", "get", "a")).MustSucceed().Output);
        await watch.WaitForLinesAsync(6);
        Assert.Equal(["PUT", "a", "1", "PUT", "a", "2"], await watch.EndAsync());
        Assert.Equal("""{"health":"true","reason":""}""", await node.GetAsync("alice", "/health"));
        Assert.True(await node.Process.SaysAsync("serving client traffic securely", Patience));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Others_are_not(NodeProgram program)
    {
        string[] flags =
        [
            .. SecuredNode.DemandsClients, "--client-crl-file", "revoked.crl",
            "--client-cert-allowed-hostname", "clients.example.com",
        ];
        var wishes = new CertificateWishes { Hosts = ["clients.example.com"] };
        await using SecuredNode node = await SecuredNode.StartAsync(program, flags, self =>
        {
            TestCertificate revoked = self.Authority.Issue("revoked", wishes);
            self.Write("revoked", revoked);
            File.WriteAllText(self["revoked.crl"], TestAuthority.ToPem(self.Authority.Revoke(revoked)));
            self.Write("good", self.Authority.Issue("good", wishes));
            self.Write("stranger", new TestAuthority("stranger").Issue("good", wishes));
            self.Write("late", self.Authority.Issue("good", wishes with { End = TimeSpan.FromHours(-1) }));
            self.Write("server-only", self.Authority.Issue("good", wishes with { Uses = [TestAuthority.ServerUse] }));
        });
        (await node.CallAsync("good", "put", "a", "1")).MustSucceed();
        foreach (string who in new[] { "", "stranger", "late", "server-only", "revoked", "alice" })
            Assert.False((await node.CallAsync(who, "put", "a", "2")).Succeeded, who);

        Assert.True(await node.Process.SaysAsync("rejected connection on client endpoint", Patience));
        await EndsAsync(node.Settings.ClientAddress, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        await EndsAsync(node.Settings.ClientAddress, [22, 3, 1, 0, 5, 1, 2, 3, 4, 5]);
        Assert.Equal("a\n1\n", (await node.CallAsync("good", "get", "a")).MustSucceed().Output);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_common_name_is_a_user(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, SecuredNode.DemandsClients, self =>
        {
            self.Write("bob", self.Authority.Issue("bob"));
            self.Write("nobody", self.Authority.Issue("O=root"));
        });
        string[][] commands =
        [
            ["user", "add", "root:secret"], ["user", "grant-role", "root", "root"], ["role", "add", "reader"],
            ["role", "grant-permission", "reader", "read", "a"], ["user", "add", "alice", "--no-password"],
            ["user", "grant-role", "alice", "reader"], ["put", "a", "1"], ["auth", "enable"],
        ];
        foreach (string[] command in commands)
            (await node.CallAsync("alice", command)).MustSucceed();

        Assert.Equal("a\n1\n", (await node.CallAsync("alice", "get", "a")).MustSucceed().Output);
        await FailsAsync("alice", "permission denied", "put", "a", "2");
        await FailsAsync("alice", "permission denied", "get", "b");
        await FailsAsync("bob", "permission denied", "get", "a");
        await FailsAsync("nobody", program.IsOurs ? "user name is empty" : "permission denied", "get", "a");

        // A token goes before a certificate.
        (await node.CallAsync("alice", "--user", "root:secret", "put", "a", "3")).MustSucceed();
        (await node.CallAsync("nobody", "--user", "root:secret", "put", "a", "4")).MustSucceed();
        await FailsAsync("alice", "authentication failed", "--user", "root:wrong", "get", "a");

        async Task FailsAsync(string who, string reason, params string[] command)
        {
            ProgramRun run = await node.CallAsync(who, command);
            Assert.False(run.Succeeded, $"{who}: {run}");
            Assert.True(run.Errors.Contains(reason, StringComparison.Ordinal), $"{who}: {run}");
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_new_certificate_is_taken_up_and_a_watch_goes_on(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, []);
        using RunningCommand watch = node.Begin("", "watch", "a", "--rev", "1");
        (await node.CallAsync("", "put", "a", "old")).MustSucceed();
        await watch.WaitForLinesAsync(3);

        var other = new TestAuthority("other");
        other.Issue("server", node.Server).WriteTo(node["server.crt"], node["server.key"]);
        File.WriteAllText(node["ca.crt"], other.Pem);
        using var patience = new CancellationTokenSource(Patience);
        while (!(await node.CallAsync("", "put", "a", "new")).Succeeded)
            Assert.False(patience.IsCancellationRequested, "The new certificate is not shown.");

        await watch.WaitForLinesAsync(6);
        Assert.Equal(["PUT", "a", "old", "PUT", "a", "new"], await watch.EndAsync());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_certificate_can_be_made_by_the_node(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, ["--auto-tls"]);
        File.Copy(node["data/fixtures/client/cert.pem"], node["ca.crt"], overwrite: true);

        (await node.CallAsync("", "put", "a", "1")).MustSucceed();
        Assert.True(File.Exists(node["data/fixtures/client/key.pem"]));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Several_listeners_serve_side_by_side(NodeProgram program)
    {
        string plain = Loopback.NextAddress();
        await using SecuredNode node = await SecuredNode.StartAsync(program, self =>
        [
            .. SecuredNode.DemandsClients, "--listen-client-urls",
            $"https://{self.Settings.ClientAddress},http://{plain},unix://{self["a.sock"]},unixs://{self["b.sock"]}",
        ]);
        (await node.CallAsync("alice", "put", "a", "1")).MustSucceed();
        foreach (string endpoint in new[] { $"http://{plain}", $"unix://{node["a.sock"]}" })
        {
            ProgramRun run = await ProgramRun.StartAsync(
                EtcdRelease.V35.Etcdctl, ["--endpoints", endpoint, "--command-timeout", "5s", "get", "a"]);
            Assert.Equal("a\n1\n", run.MustSucceed().Output);
        }

        string secured = $"unixs://{node["b.sock"]}";
        ProgramRun told = await node.CallAtAsync(secured, "alice", "get", "a", "--insecure-skip-tls-verify");
        Assert.Equal("a\n1\n", told.MustSucceed().Output);
        Assert.False((await node.CallAtAsync(secured, "", "get", "a", "--insecure-skip-tls-verify")).Succeeded);
        Assert.True(await node.Process.SaysAsync("ignoring client cert auth for this URL", Patience));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Metrics_are_served_by_TLS_and_in_clear(NodeProgram program)
    {
        (string secured, string plain) = (Loopback.NextAddress(), Loopback.NextAddress());
        await using SecuredNode node = await SecuredNode.StartAsync(
            program,
            [.. SecuredNode.DemandsClients, "--listen-metrics-urls", $"https://{secured},http://{plain}"]);

        foreach (string address in new[] { $"https://{secured}", $"http://{plain}" })
        {
            string page = await node.GetAsync("alice", new Uri($"{address}/metrics"));
            Assert.Contains("etcd_server_has_leader 1", page);
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_client_turns_away_from_a_node_that_it_cannot_trust(NodeProgram program)
    {
        await using SecuredNode node = await SecuredNode.StartAsync(program, []);
        (await node.CallAsync("", "put", "a", "1")).MustSucceed();

        // Each is shown from the next handshake on.
        await MustNotBeTrustedAsync(new TestAuthority("other").Issue("server", node.Server));
        await MustNotBeTrustedAsync(node.Authority.Issue("server", node.Server with { Hosts = ["127.9.9.9"] }));
        await MustNotBeTrustedAsync(node.Authority.Issue("server", node.Server with { End = TimeSpan.FromHours(-1) }));

        async Task MustNotBeTrustedAsync(TestCertificate shown)
        {
            shown.WriteTo(node["server.crt"], node["server.key"]);
            using var patience = new CancellationTokenSource(Patience);
            while ((await node.CallAsync("", "get", "a")).Succeeded)
                Assert.False(patience.IsCancellationRequested, "Something else is shown, or trusted.");
            node.Authority.Issue("server", node.Server).WriteTo(node["server.crt"], node["server.key"]);
            while (!(await node.CallAsync("", "get", "a")).Succeeded)
                Assert.False(patience.IsCancellationRequested, "What is good again is not shown, or not trusted.");
        }
    }

    /// <summary>etcd 3.5 says the same, but only after it has said that it serves, and goes on without.</summary>
    [Fact]
    public async Task A_node_says_what_is_wrong_with_its_files_and_ends()
    {
        await EndsWithAsync("private key does not match public key", [], node =>
            node.Authority.Issue("other", node.Server).WriteTo(node["other.crt"], node["server.key"]));
        await EndsWithAsync("server.crt: no such file", [], node => File.Delete(node["server.crt"]));
        await EndsWithAsync("key input", [], node => File.WriteAllText(node["server.key"], "no key\n"));
        await EndsWithAsync("absent.crt: no such file", ["--trusted-ca-file", "absent.crt"], _ => { });

        static async Task EndsWithAsync(string message, string[] flags, Action<SecuredNode> prepare)
        {
            await using SecuredNode node = await SecuredNode.StartToFailAsync(NodeProgram.Ours, flags, prepare);
            Assert.NotEqual(0, node.Process.ExitCode);
            Assert.Contains(message, node.Process.Output);
        }
    }

    /// <summary>Step by step, as operators do it: both authorities are trusted, then all show what the new one has
    /// issued, then the old one goes. Nobody is turned away on the way. etcd would have to be started again.</summary>
    [Fact]
    public async Task Authorities_change_without_a_start_and_without_a_failed_call()
    {
        await using SecuredNode node = await SecuredNode.StartAsync(NodeProgram.Ours, SecuredNode.DemandsClients);
        var next = new TestAuthority(); // of the same name, as authorities that are renewed are
        using RunningCommand watch = node.Begin("alice", "watch", "a");
        await MustServeAsync("alice");

        Replace(node["ca.crt"], node.Authority.Pem + next.Pem);
        await MustServeAsync("alice");
        node.Write("bob", next.Issue("bob"));
        await MustServeUntilAsync("alice", async () => (await node.CallAsync("bob", "get", "a")).Succeeded);
        next.Issue("server", node.Server).WriteTo(node["server.crt"], node["server.key"]);
        await MustServeAsync("alice", "bob");
        Replace(node["ca.crt"], next.Pem);
        await MustServeUntilAsync("bob", async () => !(await node.CallAsync("alice", "get", "a")).Succeeded);

        // Who came before is still served.
        (await node.CallAsync("bob", "put", "a", "last")).MustSucceed();
        await watch.WaitForLinesAsync(3);
        Assert.Contains("last", await watch.EndAsync());

        async Task MustServeAsync(params string[] names)
        {
            foreach (string name in names)
                (await node.CallAsync(name, "put", "b", name)).MustSucceed();
        }

        async Task MustServeUntilAsync(string name, Func<Task<bool>> condition)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (!await condition())
            {
                await MustServeAsync(name);
                Assert.False(patience.IsCancellationRequested, "The new authorities are not taken up.");
            }
        }

        static void Replace(string path, string text)
        {
            File.WriteAllText(path + ".new", text);
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    private static async Task EndsAsync(string address, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPEndPoint.Parse(address));
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(bytes);
        client.Client.Shutdown(SocketShutdown.Send);
        try
        {
            await stream.CopyToAsync(Stream.Null).WaitAsync(Patience);
        }
        catch (IOException)
        {
            // Reset, which is as good.
        }
    }
}
