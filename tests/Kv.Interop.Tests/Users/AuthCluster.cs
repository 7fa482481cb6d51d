using System.Security.Cryptography;
using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;
using Kind = Authpb.Permission.Types.Type;

namespace Kv.Interop.Tests.Users;

/// <summary>Three members that know users: root, and "u", who may read and write what begins with "u/". The first
/// member leads when auth is turned on.</summary>
internal sealed class AuthCluster : IAsyncDisposable
{
    public const string RootPassword = "rootpass-7f3a";
    public const string UserPassword = "userpass-91cc";

    private static readonly TimeSpan CallMax = TimeSpan.FromSeconds(30);

    private readonly TempDirectory _folder = new();
    private readonly Dictionary<string, string> _passwords = new()
    {
        ["root"] = RootPassword,
        ["u"] = UserPassword,
    };

    private AuthCluster()
    {
    }

    public TestCluster Members { get; private set; } = null!;

    public IEnumerable<string> Names => Members.Nodes.Keys;

    /// <summary>By commas, for etcdctl.</summary>
    public string Endpoints => string.Join(',', Members.Nodes.Values.Select(node => node.Endpoint));

    /// <param name="method">How tokens are signed; null for simple ones.</param>
    public static async Task<AuthCluster> StartAsync(NodeProgram[] programs, string? method, params string[] flags)
    {
        var cluster = new AuthCluster();
        string[] tokens = method is null ? [] : ["--auth-token", cluster.SigningBy(method)];
        cluster.Members = await TestCluster.StartAsync(programs, [.. tokens, "--bcrypt-cost", "4", .. flags]);
        await cluster.Members.LeadAsync("m1");
        foreach ((string user, string password) in cluster._passwords)
        {
            await cluster.SetAsync("Auth/UserAdd", new AuthUserAddRequest { Name = user, Password = password });
            await cluster.SetAsync("Auth/RoleAdd", new AuthRoleAddRequest { Name = user });
            await cluster.SetAsync("Auth/UserGrantRole", new AuthUserGrantRoleRequest { User = user, Role = user });
        }

        await cluster.SetAsync("Auth/RoleGrantPermission", Grant("u", "u/", "u0"));
        await cluster.SetAsync("Auth/AuthEnable", new AuthEnableRequest());
        return cluster;
    }

    public static AuthRoleGrantPermissionRequest Grant(string role, string from, string end) => new()
    {
        Name = role,
        Perm = new Permission
        {
            PermType = Kind.Readwrite,
            Key = ByteString.CopyFromUtf8(from),
            RangeEnd = ByteString.CopyFromUtf8(end),
        },
    };

    /// <summary>Logs in at a member.</summary>
    public async Task<string> LoginAsync(string member, string user)
    {
        var request = new AuthenticateRequest { Name = user, Password = _passwords[user] };
        return (await CallAsync<AuthenticateResponse>(member, "", "Auth/Authenticate", request)).Token;
    }

    /// <summary>Calls a member with a token, or without one if it is empty.</summary>
    public async Task<T> CallAsync<T>(string member, string token, string method, IMessage request)
        where T : IMessage<T>, new()
    {
        using var client = new ApiClient(Members.Nodes[member].Url) { Token = token.Length == 0 ? null : token };
        return await client.CallAsync<T>(method, request).WaitAsync(CallMax);
    }

    /// <summary>Calls for what must be refused; returns how.</summary>
    public async Task<string> RefusalAsync(string member, string token, string method, IMessage request) =>
        (await Assert.ThrowsAsync<ApiException>(() =>
            CallAsync<ResponseHeader>(member, token, method, request))).Detail;

    public Task<PutResponse> PutAsync(string member, string token, string key, string value = "v", long lease = 0)
    {
        var request = new PutRequest
        {
            Key = ByteString.CopyFromUtf8(key),
            Value = ByteString.CopyFromUtf8(value),
            Lease = lease,
        };
        return CallAsync<PutResponse>(member, token, "KV/Put", request);
    }

    public async Task<int> CountAsync(string member, string token, string key) =>
        (await CallAsync<RangeResponse>(member, token, "KV/Range", Range(key))).Kvs.Count;

    public static RangeRequest Range(string key, string end = "") => new()
    {
        Key = ByteString.CopyFromUtf8(key),
        RangeEnd = ByteString.CopyFromUtf8(end),
    };

    /// <summary>Waits until all members have the same revision and hash of keys and the same users.</summary>
    public async Task MustAgreeAsync()
    {
        string seen = "";
        await Members.UntilAsync("all members agree", async () =>
        {
            var pictures = new List<string>();
            foreach (string name in Names)
            {
                string token = await LoginAsync(name, "root");
                HashKVResponse hash =
                    await CallAsync<HashKVResponse>(name, token, "Maintenance/HashKV", new HashKVRequest());
                AuthStatusResponse auth =
                    await CallAsync<AuthStatusResponse>(name, token, "Auth/AuthStatus", new AuthStatusRequest());
                AuthUserListResponse users =
                    await CallAsync<AuthUserListResponse>(name, token, "Auth/UserList", new AuthUserListRequest());
                pictures.Add($"{hash.Header.Revision} {hash.Hash} {auth.AuthRevision} {string.Join(' ', users.Users)}");
            }

            seen = string.Join('\n', pictures);
            return pictures.Distinct().Count() == 1;
        }, () => seen);
    }

    public async ValueTask DisposeAsync()
    {
        await Members.DisposeAsync();
        _folder.Dispose();
    }

    private Task<AuthEnableResponse> SetAsync(string method, IMessage request) =>
        Members.AskAsync<AuthEnableResponse>("m1", method, request);

    private string SigningBy(string method)
    {
        bool isCurve = method[0] == 'E';
        using AsymmetricAlgorithm key = isCurve ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        File.WriteAllText(_folder["key.pem"], key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(_folder["key.pub"], key.ExportSubjectPublicKeyInfoPem());
        return $"jwt,sign-method={method},pub-key={_folder["key.pub"]},priv-key={_folder["key.pem"]},ttl=10m";
    }
}
