using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Users;

/// <summary>What a member tells of passwords and tokens: nothing, in its log at its most talkative, in what it answers,
/// or on its pages (CVE-2021-28235; etcd 3.5.32 too had tokens in its log).</summary>
public sealed class SecretTests
{
    private const string RootSecret = "Root-Secret-b54c1";
    private const string UserSecret = "User-Secret-77e0d";
    private const string NewSecret = "Other-Secret-1d2ff";
    private const string WrongSecret = "Wrong-Secret-9aa31";
    private const string BadToken = "Bad-Token-4cc90";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Secrets_stay_what_they_are(bool isSigned)
    {
        using var folder = new TempDirectory();
        File.WriteAllText(folder["secret"], RootSecret + "-signing");
        string kind = isSigned ? $"jwt,sign-method=HS256,priv-key={folder["secret"]}" : "simple";
        string log = folder["log"];
        var settings = new NodeSettings(folder["m1"])
        {
            Extra =
            [
                "--log-level", "debug", "--log-outputs", $"stderr,{log}", "--auth-token", kind,
                "--metrics", "extensive",
                "--warning-apply-duration", "1us", "--warning-unary-request-duration", "1us",
            ],
        };
        var told = new StringBuilder();
        HashSet<string> secrets = [RootSecret, UserSecret, NewSecret, WrongSecret, BadToken];
        await using (NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, settings))
        {
            using var client = new ApiClient(node.Url);
            await TalkAsync(client, secrets, told);
            using var http = new HttpClient();
            foreach (string page in (string[])["/metrics", "/health", "/debug/vars", "/debug/requests", "/version"])
                told.AppendLine(await (await http.GetAsync(new Uri(node.Url, page))).Content.ReadAsStringAsync());
            await node.StopAsync();
            told.AppendLine(node.Output);
        }

        told.AppendLine(await File.ReadAllTextAsync(log));
        string all = told.ToString();
        Assert.Contains("apply request took too long", all, StringComparison.Ordinal);
        foreach (string secret in secrets)
        {
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
            string base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=');
            Assert.DoesNotContain(base64, all, StringComparison.Ordinal);
        }

        // Nor on the disk, where only their hashes belong.
        foreach (string file in Directory.EnumerateFiles(folder["m1"], "*", SearchOption.AllDirectories))
        {
            byte[] content = await File.ReadAllBytesAsync(file);
            foreach (string secret in (string[])[RootSecret, UserSecret, NewSecret, WrongSecret, BadToken])
                Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{secret} is in {file}");
        }
    }

    private static async Task TalkAsync(ApiClient client, HashSet<string> secrets, StringBuilder told)
    {
        await DoAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "root", Password = RootSecret });
        await DoAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "u", Password = UserSecret });
        await DoAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "u", Password = WrongSecret });
        string tooLong = WrongSecret + new string('x', 99);
        await DoAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "l", Password = tooLong });
        var silent = new AuthUserAddRequest { Name = "n", Password = WrongSecret };
        silent.Options = new() { NoPassword = true };
        await DoAsync("Auth/UserAdd", silent);
        await DoAsync("Auth/RoleAdd", new AuthRoleAddRequest { Name = "root" });
        await DoAsync("Auth/UserGrantRole", new AuthUserGrantRoleRequest { User = "root", Role = "root" });
        await DoAsync("Auth/Authenticate", new AuthenticateRequest { Name = "u", Password = UserSecret });
        await DoAsync("Auth/AuthEnable", new AuthEnableRequest());
        foreach (string token in (string[])[BadToken, $"{BadToken}.7", $"{BadToken}.x.y", "Bearer " + BadToken])
        {
            client.Token = token;
            await DoAsync("KV/Range", new RangeRequest { Key = ByteString.CopyFromUtf8("a") });
            await DoAsync("Auth/UserAdd", new AuthUserAddRequest { Name = "v", Password = WrongSecret });
            await DoAsync("Auth/AuthStatus", new AuthStatusRequest());
        }

        client.Token = null;
        foreach ((string name, string password) in
            (IEnumerable<(string, string)>)
            [("u", UserSecret), ("u", WrongSecret), ("x", WrongSecret), ("n", WrongSecret)])
        {
            await DoAsync("Auth/Authenticate", new AuthenticateRequest { Name = name, Password = password });
        }

        var request = new AuthenticateRequest { Name = "root", Password = RootSecret };
        client.Token = (await client.CallAsync<AuthenticateResponse>("Auth/Authenticate", request)).Token;
        secrets.Add(client.Token);
        secrets.Add(client.Token[..16]);
        await DoAsync("KV/Put", new PutRequest { Key = ByteString.CopyFromUtf8("a") });
        var change = new AuthUserChangePasswordRequest { Name = "u", Password = NewSecret };
        await DoAsync("Auth/UserChangePassword", change);
        change.Name = "gone";
        await DoAsync("Auth/UserChangePassword", change);
        await DoAsync("Auth/UserList", new AuthUserListRequest());
        await DoAsync("Auth/UserDelete", new AuthUserDeleteRequest { Name = "u" });
        await DoAsync("Auth/AuthDisable", new AuthDisableRequest());

        async Task DoAsync(string method, IMessage message)
        {
            try
            {
                await client.CallAsync<ResponseHeader>(method, message);
            }
            catch (ApiException refused)
            {
                told.AppendLine(refused.Detail);
            }
            catch (InvalidProtocolBufferException)
            {
                // An answer of another kind is one, and not looked at.
            }
        }
    }
}
