using System.Security.Authentication;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>Who is let in by TLS, and what is told of who is not.</summary>
public sealed class AdmissionTests
{
    private const string Unverified = "tls: failed to verify certificate: x509: certificate ";

    private static readonly string[] AllRules =
    [
        .. SecuredServer.DemandsClients, "--client-crl-file", "revoked.crl",
        "--client-cert-allowed-hostname", "clients.example.com,127.0.0.1",
    ];

    private static readonly CertificateWishes Allowed = new() { Hosts = ["clients.example.com"] };

    [Fact]
    public async Task Without_an_authority_everybody_is_let_in()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();

        Assert.Equal("hello", await server.EchoAsync("hello"));
        Assert.Equal("", await server.EchoAsync("who", new TestAuthority().Issue("alice"))); // not asked for
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("rejected", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_learns_who_calls()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(SecuredServer.DemandsClients);
        using GrpcChannel alice = server.Channel(server.Authority.Issue("alice"));
        using GrpcChannel bob = server.Channel(server.Authority.Issue("bob", Allowed));

        for (int call = 0; call < 3; call++)
        {
            Assert.Equal("alice", await WhoAsync(alice));
            Assert.Equal("bob,clients.example.com", await WhoAsync(bob));
        }

        Assert.Equal("", await server.EchoAsync("who", server.Authority.Issue("O=root")));

        static async Task<string> WhoAsync(GrpcChannel channel) =>
            (await new Notes.NotesClient(channel).EchoAsync(new Note { Text = "who" })).Text;
    }

    [Fact]
    public async Task To_name_an_authority_is_to_demand_certificates()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(["--trusted-ca-file", "ca.crt"]);

        await RefusesAsync(server, client: null, "tls: client didn't provide a certificate");
        Assert.Equal("hello", await server.EchoAsync("hello", server.Authority.Issue("alice")));
    }

    [Fact]
    public async Task An_intermediate_authority_vouches_by_what_the_client_sends()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(SecuredServer.DemandsClients);
        var inter = new TestAuthority("inter", server.Authority);

        Assert.Equal("alice", await server.EchoAsync("who", inter.Issue("alice")));
    }

    [Fact]
    public async Task Every_rule_turns_away_those_it_is_for()
    {
        TestCertificate? revoked = null;
        await using SecuredServer server = await SecuredServer.StartAsync(AllRules, self =>
        {
            revoked = self.Authority.Issue("alice", Allowed);
            File.WriteAllBytes(self["revoked.crl"], self.Authority.Revoke(revoked));
        });
        TestAuthority authority = server.Authority;
        string over = Unverified + "has expired or is not yet valid";
        string unknown = Unverified + "signed by unknown authority";

        await RefusesAsync(server, null, "tls: client didn't provide a certificate");
        await RefusesAsync(server, new TestAuthority().Issue("alice", Allowed), unknown);
        await RefusesAsync(server, authority.Issue("alice", Allowed with { IsForged = true }), null);
        await RefusesAsync(server, authority.Issue("alice", Allowed with { End = TimeSpan.FromHours(-1) }), over);
        await RefusesAsync(server, authority.Issue("alice", Allowed with { From = TimeSpan.FromHours(1) }), over);
        await RefusesAsync(
            server,
            authority.Issue("alice", Allowed with { Uses = [TestAuthority.ServerUse] }),
            Unverified + "specifies an incompatible key usage");
        await RefusesAsync(
            server,
            revoked,
            $"transport: certificate serial {revoked!.Certificate.SerialNumber.ToLowerInvariant()} revoked");
        await RefusesAsync(server, authority.Issue("alice"), "client certificate authentication failed");

        Assert.Equal("hello", await server.EchoAsync("hello", authority.Issue("alice", Allowed)));
        Assert.Equal("hello", await server.EchoAsync("hello", authority.Issue("bob", new() { Hosts = ["127.0.0.1"] })));
    }

    [Fact]
    public async Task Of_common_names_only_those_named_are_let_in()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(
            [.. SecuredServer.DemandsClients, "--client-cert-allowed-cn", "alice,bob"]);
        TestAuthority authority = server.Authority;

        await RefusesAsync(server, authority.Issue("mallory", Allowed), "client certificate authentication failed");
        await RefusesAsync(server, authority.Issue("O=alice"), "client certificate authentication failed");
        Assert.Equal("hello", await server.EchoAsync("hello", authority.Issue("alice")));
        Assert.Equal("hello", await server.EchoAsync("hello", authority.Issue("bob")));
    }

    [Fact]
    public async Task What_was_shown_is_told()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(SecuredServer.DemandsClients);
        var wishes = new CertificateWishes { Hosts = ["a.example.com", "10.0.0.1"] };
        await RefusesAsync(server, new TestAuthority().Issue("alice", wishes), "unknown authority");

        string line = server.Log.Lines[^1];
        Assert.StartsWith("Warning: rejected connection on client endpoint remoteAddr=127.0.0.1:", line);
        Assert.Contains("serverName= ", line); // an address is not sent, only names are
    }

    [Fact]
    public async Task Peers_must_come_from_where_their_certificates_say()
    {
        string[] flags = ["--peer-client-cert-auth", "--peer-trusted-ca-file", "ca.crt"];
        var elsewhere = new CertificateWishes { Hosts = ["10.9.9.9"] };
        await using SecuredServer server = await SecuredServer.StartAsync(flags);
        await RefusesAsync(
            server,
            server.Authority.Issue("m1", elsewhere),
            "x509: certificate is valid for 10.9.9.9, not 127.0.0.1");
        Assert.Contains("rejected connection on peer endpoint", server.Log.Lines[^1]);
        Assert.Equal("hello", await server.EchoAsync("hello", server.Authority.Issue("m1", SecuredServer.ForLoopback)));

        string[] ways = ["--peer-skip-client-san-verification", "--experimental-peer-skip-client-san-verification"];
        foreach (string way in ways)
        {
            await using SecuredServer lax = await SecuredServer.StartAsync([.. flags, way]);
            Assert.Equal("hello", await lax.EchoAsync("hello", lax.Authority.Issue("m1", elsewhere)));
        }
    }

    [Fact]
    public async Task Old_versions_and_other_cipher_suites_are_not_spoken()
    {
        const string Suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
        await using SecuredServer newest = await SecuredServer.StartAsync(["--tls-min-version", "TLS1.3"]);
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => newest.ConnectAsync(Only(SslProtocols.Tls12)));
        Assert.Equal(SslProtocols.Tls13, (await newest.ConnectAsync()).SslProtocol);

        string[] flags = ["--tls-max-version", "TLS1.2", "--cipher-suites", $"{Suite},TLS_RSA_WITH_RC4_128_SHA"];
        await using SecuredServer chosen = await SecuredServer.StartAsync(flags);
        await using System.Net.Security.SslStream stream = await chosen.ConnectAsync();
        Assert.Equal(SslProtocols.Tls12, stream.SslProtocol);
        Assert.Equal(Suite, stream.NegotiatedCipherSuite.ToString());
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => chosen.ConnectAsync(Only(SslProtocols.Tls13)));

        static Action<System.Net.Security.SslClientAuthenticationOptions> Only(SslProtocols version) =>
            options => options.EnabledSslProtocols = version;
    }

    private static async Task RefusesAsync(SecuredServer server, TestCertificate? client, string? reason)
    {
        int before = server.Log.Lines.Count;
        var refused = await Assert.ThrowsAsync<RpcException>(() => server.EchoAsync("hello", client));

        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        string told = string.Join('\n', server.Log.Lines.Skip(before));
        Assert.Contains("rejected connection", told);
        Assert.Contains(reason ?? "", told);
    }
}
