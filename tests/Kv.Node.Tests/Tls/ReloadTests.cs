using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>Certificates are replaced while the server runs.</summary>
public sealed class ReloadTests
{
    private const string Complaint = "Error: certificate files have changed to what cannot be used";

    [Fact]
    public async Task New_connections_see_the_new_certificate_and_old_ones_go_on()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        using AsyncDuplexStreamingCall<Note, Note> talk = new Notes.NotesClient(channel).Talk();
        await EchoesAsync(talk, 1);
        Assert.Equal("CN=server", await server.ShownAsync());

        Issue(server, "new");
        server.LetTimePass();
        Assert.Equal("CN=new", await server.ShownAsync());
        await EchoesAsync(talk, 2);
        Assert.Single(server.Log.Lines, line => line.Contains("read certificate files again", default));
    }

    [Fact]
    public async Task A_storm_of_handshakes_does_not_read_the_files_each_time()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        server.LetTimePass();
        Assert.Equal("CN=server", await server.ShownAsync());

        Issue(server, "new");
        Assert.Equal("CN=server", await server.ShownAsync());
        server.LetTimePass();
        Assert.Equal("CN=new", await server.ShownAsync());
    }

    [Fact]
    public async Task What_cannot_be_used_changes_nothing_and_is_told_once()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        string certificate = File.ReadAllText(server["server.crt"]);
        string[] broken = ["", "nonsense", server.Authority.Pem, certificate[..^40]];
        foreach ((int index, string text) in broken.Index())
        {
            File.WriteAllText(server["server.crt"], text);
            for (int look = 0; look < 4; look++)
            {
                server.LetTimePass();
                Assert.Equal("CN=server", await server.ShownAsync());
            }

            Assert.Equal(index + 1, Complaints(server));
        }

        File.Delete(server["server.crt"]);
        server.LetTimePass();
        Assert.Equal("CN=server", await server.ShownAsync());
        server.LetTimePass();
        Assert.Equal("CN=server", await server.ShownAsync());
        Assert.Contains("no such file or directory", server.Log.Lines[^1]);

        Issue(server, "new");
        server.LetTimePass();
        Assert.Equal("CN=new", await server.ShownAsync());
    }

    [Fact]
    public async Task Two_files_replaced_one_after_the_other_are_no_fault()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        TestCertificate issued = server.Authority.Issue("new", SecuredServer.ForLoopback);
        File.WriteAllText(server["server.crt"], issued.ChainPem);
        server.LetTimePass();
        Assert.Equal("CN=server", await server.ShownAsync());

        File.WriteAllText(server["server.key"], issued.KeyPem);
        server.LetTimePass();
        Assert.Equal("CN=new", await server.ShownAsync());
        Assert.Equal(0, Complaints(server));
    }

    /// <summary>As Kubernetes replaces a secret: the files are links through a link that is turned in one step, and
    /// neither they nor their times change.</summary>
    [Fact]
    public async Task A_turned_link_is_noticed()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(prepare: self =>
        {
            Directory.CreateDirectory(self["old"]);
            File.Move(self["server.crt"], self["old/server.crt"]);
            File.Move(self["server.key"], self["old/server.key"]);
            Directory.CreateSymbolicLink(self["..data"], "old");
            File.CreateSymbolicLink(self["server.crt"], "..data/server.crt");
            File.CreateSymbolicLink(self["server.key"], "..data/server.key");
        });
        Assert.Equal("CN=server", await server.ShownAsync());

        Directory.CreateDirectory(server["new"]);
        server.Authority.Issue("new", SecuredServer.ForLoopback)
            .WriteTo(server["new/server.crt"], server["new/server.key"]);
        Directory.Delete(server["..data"]);
        Directory.CreateSymbolicLink(server["..data"], "new");
        server.LetTimePass();
        Assert.Equal("CN=new", await server.ShownAsync());
    }

    [Fact]
    public async Task Authorities_and_revocations_are_read_again_too()
    {
        string[] flags = [.. SecuredServer.DemandsClients, "--client-crl-file", "revoked.crl"];
        await using SecuredServer server = await SecuredServer.StartAsync(
            flags, self => File.WriteAllBytes(self["revoked.crl"], self.Authority.Revoke()));
        var other = new TestAuthority("other");
        TestCertificate alice = server.Authority.Issue("alice");
        TestCertificate bob = other.Issue("bob");
        Assert.Equal("alice", await server.EchoAsync("who", alice));
        await Assert.ThrowsAsync<RpcException>(() => server.EchoAsync("who", bob));

        File.WriteAllText(server["ca.crt"], server.Authority.Pem + other.Pem);
        File.WriteAllText(server["revoked.crl"], TestAuthority.ToPem(server.Authority.Revoke(alice)));
        server.LetTimePass();
        Assert.Equal("bob", await server.EchoAsync("who", bob));
        await Assert.ThrowsAsync<RpcException>(() => server.EchoAsync("who", alice));

        // A broken list is not an empty one.
        File.WriteAllText(server["revoked.crl"], "nonsense");
        server.LetTimePass();
        await Assert.ThrowsAsync<RpcException>(() => server.EchoAsync("who", alice));
        server.LetTimePass();
        Assert.Equal("bob", await server.EchoAsync("who", bob));
        Assert.Equal(1, Complaints(server));
    }

    private static void Issue(SecuredServer server, string name) =>
        server.Authority.Issue(name, SecuredServer.ForLoopback).WriteTo(server["server.crt"], server["server.key"]);

    private static int Complaints(SecuredServer server) =>
        server.Log.Lines.Count(line => line.StartsWith(Complaint, StringComparison.Ordinal));

    private static async Task EchoesAsync(AsyncDuplexStreamingCall<Note, Note> talk, long number)
    {
        await talk.RequestStream.WriteAsync(new Note { Number = number });
        Assert.True(await talk.ResponseStream.MoveNext());
        Assert.Equal(number, talk.ResponseStream.Current.Number);
    }
}
