using Etcdserverpb;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Files;

/// <summary>A data directory that a real etcd wrote, unpacked for a member to start on.</summary>
public sealed class RecordedDirectory(string archive, string? subject = null) : IDisposable
{
    private readonly TempDirectory _folder = Fixture.Unpack(archive);

    public string Path => _folder["m1.etcd"];

    /// <summary>The settings under which the directory was written, at addresses of this test.</summary>
    public NodeSettings Settings => new(Path)
    {
        Token = "fixture-token",
        AdvertisedClientAddress = "127.0.0.1:25380",
        AdvertisedPeerAddress = "127.0.0.1:25381",
        Extra = (subject ?? archive).Contains("nospace", StringComparison.Ordinal)
            ? ["--quota-backend-bytes", "1048576"]
            : [],
    };

    public void Dispose() => _folder.Dispose();

    /// <summary>Names itself to a member that wants to know who asks; one that does not, need not know.</summary>
    public static async Task LogInAsync(ApiClient client, string name, string password)
    {
        try
        {
            var request = new AuthenticateRequest { Name = name, Password = password };
            AuthenticateResponse answer = await client.CallAsync<AuthenticateResponse>("Auth/Authenticate", request);
            client.Token = answer.Token;
        }
        catch (ApiException)
        {
            // Authentication is off.
        }
    }
}
