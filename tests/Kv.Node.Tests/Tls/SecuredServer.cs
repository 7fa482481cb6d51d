using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Configuration;
using Kv.Node.Tests.Grpc;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Node.Tests.Logging;
using Kv.Server.Configuration;
using Kv.Server.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>A server whose TLS comes from flags and files, as a node's does. An authority of its own has issued its
/// certificate, and is the one that clients must come from if a test demands that.</summary>
internal sealed class SecuredServer : IAsyncDisposable
{
    public static readonly string[] DemandsClients = ["--client-cert-auth", "--trusted-ca-file", "ca.crt"];
    public static readonly CertificateWishes ForLoopback = new() { Hosts = ["127.0.0.1", "localhost"] };

    private readonly TempDirectory _folder = new();

    public TestAuthority Authority { get; } = new();

    public ManualTime Time { get; } = new(TimeProvider.System.GetUtcNow());

    public HeardLog Log { get; } = new();

    public NotesServer Notes { get; private set; } = null!;

    public NodeTls Tls { get; private set; } = null!;

    /// <summary>The full name of a file that flags name without a folder.</summary>
    public string this[string name] => _folder[name];

    /// <param name="prepare">Writes what files the flags name, beside <c>server.crt</c>, <c>server.key</c> and
    /// <c>ca.crt</c>.</param>
    public static async Task<SecuredServer> StartAsync(
        IEnumerable<string>? flags = null,
        Action<SecuredServer>? prepare = null,
        GrpcServerOptions? options = null)
    {
        var server = new SecuredServer();
        server.Authority.Issue("server", ForLoopback).WriteTo(server["server.crt"], server["server.key"]);
        File.WriteAllText(server["ca.crt"], server.Authority.Pem);
        prepare?.Invoke(server);
        server.Tls = NodeTls.Load(server.Configure(flags ?? []), server.Time, server.Log);
        server.Notes = await NotesServer.StartAsync(options, server.Tls.Clients ?? server.Tls.Peers);
        return server;
    }

    public GrpcChannel Channel(TestCertificate? client = null, TestAuthority? authority = null) =>
        Notes.Channel(new GrpcChannelOptions
        {
            Credentials = new SslCredentials(
                (authority ?? Authority).Pem,
                client is null ? null : new KeyCertificatePair(client.ChainPem, client.KeyPem)),
        });

    /// <summary>What an echo comes back as.</summary>
    public async Task<string> EchoAsync(string text, TestCertificate? client = null)
    {
        using GrpcChannel channel = Channel(client);
        return (await new Notes.NotesClient(channel).EchoAsync(new Note { Text = text })).Text;
    }

    /// <summary>A connection, with whatever certificate the server shows.</summary>
    public async Task<SslStream> ConnectAsync(Action<SslClientAuthenticationOptions>? choose = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Notes.Port);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        };
        choose?.Invoke(options);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(options);
        return stream;
    }

    /// <summary>Whom a client that comes now sees.</summary>
    public async Task<string> ShownAsync()
    {
        await using SslStream stream = await ConnectAsync();
        return stream.RemoteCertificate!.Subject;
    }

    /// <summary>Lets so much time pass that files are looked at again.</summary>
    public void LetTimePass() => Time.Advance(TimeSpan.FromSeconds(1));

    public async ValueTask DisposeAsync()
    {
        await Notes.DisposeAsync();
        _folder.Dispose();
    }

    private NodeConfiguration Configure(IEnumerable<string> flags)
    {
        string[] given = [.. flags.Select(flag => IsFile(flag) ? this[flag] : flag)];
        bool isForPeers = given.Any(flag => flag.StartsWith("--peer-", StringComparison.Ordinal));
        string side = isForPeers ? "--peer-" : "--";
        string[] own = given.Contains($"{side}auto-tls")
            ? []
            : [$"{side}cert-file", this["server.crt"], $"{side}key-file", this["server.key"]];
        string[] urls = isForPeers
            ? ["--listen-peer-urls", "https://127.0.0.1:1"]
            : ["--listen-client-urls", "https://127.0.0.1:1", "--advertise-client-urls", "https://127.0.0.1:1"];
        return ConfigurationReaderTests.Read(["--data-dir", this["data"], .. urls, .. own, .. given]);
    }

    private static bool IsFile(string flag) => Path.GetExtension(flag) is ".crt" or ".key" or ".crl";
}
