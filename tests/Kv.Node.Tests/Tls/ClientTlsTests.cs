using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Server.Peers.Outbound;
using Kv.Server.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>Whom a node, or a client of ours, believes to be who it called.</summary>
public sealed class ClientTlsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[] Peers =
        ["--peer-client-cert-auth", "--peer-trusted-ca-file", "ca.crt", "--peer-skip-client-san-verification"];

    private static readonly GrpcServerOptions Welcomes = new()
    {
        PlainHttp = call => call.WriteAsync(200, "text/plain", "welcome"),
    };

    [Fact]
    public async Task A_channel_trusts_its_authority_and_no_other()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        using GrpcChannel channel = server.Channel(authority: new TestAuthority());

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Notes.NotesClient(channel).EchoAsync(new Note()));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
    }

    [Fact]
    public async Task A_channel_wants_a_certificate_for_the_host_that_it_called()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(prepare: self =>
            self.Authority.Issue("127.0.0.1", new() { Hosts = ["127.0.0.2"] })
                .WriteTo(self["server.crt"], self["server.key"]));

        await Assert.ThrowsAsync<RpcException>(() => server.EchoAsync("hello"));
    }

    [Fact]
    public async Task Members_find_each_other()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(Peers);

        Assert.Equal(SslProtocols.Tls13, await HandshakeAsync(server, server.Tls.PeerCalls!));
    }

    [Fact]
    public async Task A_member_shows_the_certificate_for_calling_with_all_of_its_file()
    {
        string[] flags =
        [
            .. Peers, "--peer-client-cert-file", "calling.crt", "--peer-client-key-file", "calling.key",
            "--peer-cert-allowed-cn", "caller,server",
        ];
        await using SecuredServer server = await SecuredServer.StartAsync(flags, self =>
            new TestAuthority("inter", self.Authority).Issue("caller", SecuredServer.ForLoopback)
                .WriteTo(self["calling.crt"], self["calling.key"]));

        await HandshakeAsync(server, server.Tls.PeerCalls!);
    }

    [Fact]
    public async Task A_member_does_not_believe_everybody()
    {
        await using SecuredServer caller = await SecuredServer.StartAsync(Peers);
        await using SecuredServer stranger = await SecuredServer.StartAsync(["--peer-client-cert-auth", .. Peers[1..]]);
        var refused = await Assert.ThrowsAnyAsync<AuthenticationException>(() =>
            HandshakeAsync(stranger, caller.Tls.PeerCalls!));
        Assert.Contains("x509: certificate signed by unknown authority", refused.Message);

        refused = await Assert.ThrowsAnyAsync<AuthenticationException>(() =>
            HandshakeAsync(caller, caller.Tls.PeerCalls!, host: "m2.example.com"));
        Assert.Contains("not valid for m2.example.com", refused.Message);
    }

    [Fact]
    public async Task A_member_does_not_call_who_is_not_allowed_or_revoked()
    {
        await using SecuredServer picky = await SecuredServer.StartAsync(
            [.. Peers, "--peer-cert-allowed-cn", "somebody"]);
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => HandshakeAsync(picky, picky.Tls.PeerCalls!));

        await using SecuredServer revoking = await SecuredServer.StartAsync(
            [.. Peers, "--peer-crl-file", "revoked.crl"],
            self =>
            {
                TestCertificate issued = self.Authority.Issue("server", SecuredServer.ForLoopback);
                issued.WriteTo(self["server.crt"], self["server.key"]);
                File.WriteAllBytes(self["revoked.crl"], self.Authority.Revoke(issued));
            });
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => HandshakeAsync(revoking, revoking.Tls.PeerCalls!));
    }

    [Fact]
    public async Task Members_that_made_their_own_certificates_believe_each_other()
    {
        await using SecuredServer one = await SecuredServer.StartAsync(["--peer-auto-tls"]);
        await using SecuredServer two = await SecuredServer.StartAsync(["--peer-auto-tls"]);

        await HandshakeAsync(two, one.Tls.PeerCalls!);
        await HandshakeAsync(one, two.Tls.PeerCalls!);
    }

    [Fact]
    public async Task A_handler_goes_by_what_the_files_hold_when_it_connects()
    {
        await using SecuredServer server =
            await SecuredServer.StartAsync([.. Peers, "--peer-cert-allowed-cn", "server,next"], options: Welcomes);
        SocketsHttpHandler sockets = PeerHttp.CreateSockets(Patience, server.Tls.CallPeer);
        sockets.PooledConnectionLifetime = TimeSpan.Zero;
        using var http = new HttpClient(sockets);
        Assert.Equal("welcome", await http.GetStringAsync(server.Notes.Address));

        // All is replaced: the authority, and what it has issued.
        var other = new TestAuthority("other");
        other.Issue("next", SecuredServer.ForLoopback).WriteTo(server["server.crt"], server["server.key"]);
        File.WriteAllText(server["ca.crt"], other.Pem);
        server.LetTimePass();
        Assert.Equal("welcome", await http.GetStringAsync(server.Notes.Address));

        // And the caller has moved on alone.
        other.Issue("nobody", SecuredServer.ForLoopback).WriteTo(server["server.crt"], server["server.key"]);
        server.LetTimePass();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(server.Notes.Address));
    }

    /// <summary>As far as to a first byte: in TLS 1.3 a client learns only then that it was refused.</summary>
    private static async Task<SslProtocols> HandshakeAsync(
        SecuredServer server, ClientTls calls, string host = "127.0.0.1")
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Notes.Port);
        await using var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(calls.OptionsFor(host));
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        byte[] first = new byte[4];
        await stream.ReadExactlyAsync(first).AsTask().WaitAsync(Patience);
        Assert.Equal("HTTP"u8.ToArray(), first);
        return stream.SslProtocol;
    }
}
