using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Kv.Grpc.Tls;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc;

/// <summary>Who is at the other end of a connection: its address, and what its certificate says.</summary>
internal static class CallPeer
{
    private const string CommonName = CertificateNames.CommonNameProperty;
    private const string SubjectAlternativeName = "x509_subject_alternative_name";

    private static readonly AuthContext Anonymous = new(peerIdentityPropertyName: null, []);

    /// <summary>As gRPC writes it: <c>ipv4:10.0.0.1:2379</c>, <c>ipv6:[::1]:2379</c>, or unknown.</summary>
    public static string Name(IFeatureCollection features)
    {
        IHttpConnectionFeature? connection = features.Get<IHttpConnectionFeature>();
        if (connection?.RemoteIpAddress is not { } address)
            return "unknown";
        string scheme = address.AddressFamily == AddressFamily.InterNetwork ? "ipv4" : "ipv6";
        return $"{scheme}:{new IPEndPoint(address, connection.RemotePort)}";
    }

    public static AuthContext Authenticated(IFeatureCollection features)
    {
        X509Certificate2? certificate = features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        if (certificate is null)
            return Anonymous;

        string commonName = CertificateNames.CommonName(certificate);
        var properties = new Dictionary<string, List<AuthProperty>>
        {
            [CommonName] = [AuthProperty.Create(CommonName, Encoding.UTF8.GetBytes(commonName))],
        };
        IEnumerable<string> hosts = CertificateNames.DnsNames(certificate)
            .Concat(CertificateNames.Addresses(certificate).Select(address => address.ToString()));
        List<AuthProperty> alternatives = [.. hosts
            .Select(name => AuthProperty.Create(SubjectAlternativeName, Encoding.UTF8.GetBytes(name)))];
        if (alternatives.Count > 0)
            properties[SubjectAlternativeName] = alternatives;
        return new AuthContext(alternatives.Count > 0 ? SubjectAlternativeName : CommonName, properties);
    }
}
