using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc;

/// <summary>Who is at the other end of a connection: its address, and what its certificate says.</summary>
internal static class CallPeer
{
    private const string CommonName = "x509_common_name";
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

        string commonName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var properties = new Dictionary<string, List<AuthProperty>>
        {
            [CommonName] = [AuthProperty.Create(CommonName, Encoding.UTF8.GetBytes(commonName))],
        };
        List<AuthProperty> alternatives = [.. AlternativeNames(certificate)
            .Select(name => AuthProperty.Create(SubjectAlternativeName, Encoding.UTF8.GetBytes(name)))];
        if (alternatives.Count > 0)
            properties[SubjectAlternativeName] = alternatives;
        return new AuthContext(alternatives.Count > 0 ? SubjectAlternativeName : CommonName, properties);
    }

    private static IEnumerable<string> AlternativeNames(X509Certificate2 certificate)
    {
        foreach (X509SubjectAlternativeNameExtension extension in
            certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            foreach (string name in extension.EnumerateDnsNames())
                yield return name;
            foreach (IPAddress address in extension.EnumerateIPAddresses())
                yield return address.ToString();
        }
    }
}
