using System.Net.Security;
using Kv.Grpc;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>All TLS of a node. Each part is null where nothing is secured.</summary>
/// <param name="Clients">For https:// and unixs:// URLs of clients, of their HTTP, and of metrics.</param>
/// <param name="Peers">For https:// URLs of peers.</param>
/// <param name="PeerCalls">For calls to peers.</param>
internal sealed record NodeTls(IServerTls? Clients, IServerTls? Peers, ClientTls? PeerCalls)
{
    /// <summary>How to shake hands with a peer, given its host; null if there is nothing to do that with.</summary>
    public Func<string, SslClientAuthenticationOptions>? CallPeer => PeerCalls is null ? null : PeerCalls.OptionsFor;

    /// <summary>Reads the files, and makes those that are to be made.</summary>
    /// <exception cref="IOException">A file cannot be read or written, or does not hold what it should.</exception>
    public static NodeTls Load(NodeConfiguration configuration, TimeProvider time, ILogger log)
    {
        TlsSettings settings = configuration.Tls;
        MemberSettings member = configuration.Member;
        var terms = new TlsTerms(settings);
        TlsFiles client = Complete(
            settings.Client, "client", member.ListenClientUrls.Concat(member.ListenClientHttpUrls), configuration);
        TlsFiles peer = Complete(settings.Peer, "peer", member.ListenPeerUrls, configuration);

        TlsMaterial? peerMaterial = peer.IsUsed ? TlsMaterial.Load(peer, time, log) : null;
        bool hasClients = client.IsPresent && member.ServesClientsByTls;
        if (hasClients)
            TlsLog.StartingWithClientTls(log, Describe(client), settings.CipherSuites);
        if (peer.IsPresent)
            TlsLog.StartingWithPeerTls(log, Describe(peer), settings.CipherSuites);
        return new NodeTls(
            hasClients
                ? new ServerTls(client, TlsMaterial.Load(client, time, log), terms, log, TlsLog.RejectedClient)
                : null,
            peer.IsPresent ? new ServerTls(peer, peerMaterial!, terms, log, TlsLog.RejectedPeer) : null,
            peer.IsUsed ? new ClientTls(peer, peerMaterial!, terms) : null);

        TlsFiles Complete(
            TlsFiles files, string folder, IEnumerable<NodeUrl> hosts, NodeConfiguration from)
        {
            if (!files.IsToBeMade)
                return files;
            string path = Path.Combine(from.Storage.DataDirectory, "fixtures", folder);
            return new SelfSignedCertificate(path, time, log).Complete(files, hosts, settings.SelfSignedYears);
        }
    }

    private static string Describe(TlsFiles files) =>
        $"cert = {files.Certificate}, key = {files.Key}, client-cert={files.CallingCertificate}, " +
        $"client-key={files.CallingKey}, trusted-ca = {files.TrustedAuthorities}, " +
        $"client-cert-auth = {(files.DemandsCertificates ? "true" : "false")}, crl-file = {files.Revoked}";
}
