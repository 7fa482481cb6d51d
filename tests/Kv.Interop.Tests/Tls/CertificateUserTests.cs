using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Tls;

/// <summary>Users who are known by their certificates, in a cluster of ours and an etcd: whichever member they ask and
/// whichever leads.</summary>
public sealed class CertificateUserTests : IDisposable
{
    private const string Denied = "permission denied";

    private static readonly string[] Users = ["root", "alice", "bob"];
    private static readonly Dictionary<string, string> Version3 = new() { ["ETCDCTL_API"] = "3" };

    private readonly TempDirectory _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly Dictionary<string, string> _endPoints = [];

    [Fact]
    public async Task A_common_name_is_a_user_at_every_member_whoever_leads()
    {
        File.WriteAllText(_folder["ca.crt"], _authority.Pem);
        foreach (string user in Users)
            _authority.Issue(user).WriteTo(_folder[user + ".crt"], _folder[user + ".key"]);
        await using TestCluster cluster = await TestCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Etcd35], Secure);
        Dictionary<string, ulong> ids = [];
        foreach (string name in cluster.Nodes.Keys)
            ids[name] = (await cluster.StatusAsync(name)).Header.MemberId;
        string[][] commands =
        [
            ["user", "add", "root", "--no-password"], ["user", "grant-role", "root", "root"],
            ["role", "add", "writer"], ["role", "grant-permission", "writer", "readwrite", "a"],
            ["user", "add", "alice", "--no-password"], ["user", "grant-role", "alice", "writer"], ["auth", "enable"],
        ];
        foreach (string[] command in commands)
            (await CallAsync("m1", "root", command)).MustSucceed();

        foreach (string leader in cluster.Nodes.Keys)
        {
            string all = string.Join(',', _endPoints.Values);
            (await CallAtAsync(all, "root", "move-leader", $"{ids[leader]:x}")).MustSucceed();
            foreach (string asked in cluster.Nodes.Keys)
                await MustKnowUsersAsync(asked, $"{asked} under {leader}");
        }
    }

    public void Dispose() => _folder.Dispose();

    // A second port for clients, with TLS; the tests' own calls go on without.
    private NodeSettings Secure(NodeSettings settings)
    {
        string host = settings.ClientAddress.Split(':')[0];
        string endPoint = $"https://{Loopback.NextAddress()}";
        _endPoints[settings.Name] = endPoint;
        var wishes = new CertificateWishes { Hosts = [host, new Uri(endPoint).Host] };
        string certificate = _folder[settings.Name + ".crt"];
        string key = _folder[settings.Name + ".key"];
        _authority.Issue(settings.Name, wishes).WriteTo(certificate, key);
        return settings with
        {
            Extra =
            [
                .. settings.Extra, "--listen-client-urls", $"http://{settings.ClientAddress},{endPoint}",
                "--cert-file", certificate, "--key-file", key, "--client-cert-auth",
                "--trusted-ca-file", _folder["ca.crt"],
            ],
        };
    }

    private async Task MustKnowUsersAsync(string asked, string place)
    {
        (await CallAsync(asked, "alice", "put", "a", place)).MustSucceed();
        Assert.Equal($"a\n{place}\n", (await CallAsync(asked, "alice", "get", "a")).MustSucceed().Output);
        string lease = (await CallAsync(asked, "alice", "lease", "grant", "600")).MustSucceed().Output.Split(' ')[1];
        (await CallAsync(asked, "alice", "put", "a", place, "--lease", lease)).MustSucceed();
        (await CallAsync(asked, "alice", "lease", "revoke", lease)).MustSucceed();
        await FailsAsync("alice", "put", "b", "1");
        await FailsAsync("alice", "get", "", "--prefix");
        await FailsAsync("alice", "user", "list");
        await FailsAsync("bob", "get", "a");

        async Task FailsAsync(string who, params string[] command)
        {
            ProgramRun run = await CallAsync(asked, who, command);
            Assert.True(!run.Succeeded && run.Errors.Contains(Denied, StringComparison.Ordinal), $"{place}: {run}");
        }
    }

    private Task<ProgramRun> CallAsync(string asked, string who, params string[] command) =>
        CallAtAsync(_endPoints[asked], who, command);

    private Task<ProgramRun> CallAtAsync(string at, string who, params string[] command) => ProgramRun.StartAsync(
        EtcdRelease.V35.Etcdctl,
        [
            "--endpoints", at, "--cacert", _folder["ca.crt"], "--cert", _folder[who + ".crt"],
            "--key", _folder[who + ".key"], .. command,
        ],
        environment: Version3);
}
