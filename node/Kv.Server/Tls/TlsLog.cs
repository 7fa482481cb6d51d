using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>What TLS tells the log; lines that etcd has too have its words.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(LogLevel.Information, "starting with client TLS")]
    public static partial void StartingWithClientTls(
        ILogger log, string tlsInfo, IReadOnlyList<TlsCipherSuite> cipherSuites);

    [LoggerMessage(LogLevel.Information, "starting with peer TLS")]
    public static partial void StartingWithPeerTls(
        ILogger log, string tlsInfo, IReadOnlyList<TlsCipherSuite> cipherSuites);

    [LoggerMessage(LogLevel.Warning, "automatically generate certificates")]
    public static partial void MadeCertificate(
        ILogger log, string certificatePath, string keyPath, DateTimeOffset certificateValidityBoundNotAfter);

    [LoggerMessage(LogLevel.Information, "read certificate files again, as they have changed")]
    public static partial void ReloadedFiles(ILogger log, IEnumerable<string> paths);

    [LoggerMessage(LogLevel.Error, "certificate files have changed to what cannot be used; keeping what was there")]
    public static partial void FailedToReload(ILogger log, IEnumerable<string> paths, Exception fault);

    public static void RejectedClient(ILogger log, TlsRejection rejection)
    {
        (EndPoint? remote, string name, string error, CertificateRefusedException? shown) = rejection;
        if (shown is null)
            RejectedClient(log, remote, name, error);
        else
            RejectedClient(log, remote, name, shown.Addresses, shown.Names, error);
    }

    public static void RejectedPeer(ILogger log, TlsRejection rejection)
    {
        (EndPoint? remote, string name, string error, CertificateRefusedException? shown) = rejection;
        if (shown is null)
            RejectedPeer(log, remote, name, error);
        else
            RejectedPeer(log, remote, name, shown.Addresses, shown.Names, error);
    }

    [LoggerMessage(LogLevel.Warning, "rejected connection on client endpoint")]
    private static partial void RejectedClient(ILogger log, EndPoint? remoteAddr, string serverName, string error);

    [LoggerMessage(LogLevel.Warning, "rejected connection on client endpoint")]
    private static partial void RejectedClient(
        ILogger log,
        EndPoint? remoteAddr,
        string serverName,
        IEnumerable<string> ipAddresses,
        IEnumerable<string> dnsNames,
        string error);

    [LoggerMessage(LogLevel.Warning, "rejected connection on peer endpoint")]
    private static partial void RejectedPeer(ILogger log, EndPoint? remoteAddr, string serverName, string error);

    [LoggerMessage(LogLevel.Warning, "rejected connection on peer endpoint")]
    private static partial void RejectedPeer(
        ILogger log,
        EndPoint? remoteAddr,
        string serverName,
        IEnumerable<string> ipAddresses,
        IEnumerable<string> dnsNames,
        string error);
}
