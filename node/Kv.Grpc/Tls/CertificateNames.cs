using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Grpc.Tls;

/// <summary>Whose a certificate is, read as Go reads it: of several common names the last counts, and none is made up
/// from other parts of the subject; hosts stand in the alternative names only.</summary>
public static class CertificateNames
{
    /// <summary>Under this name gRPC shows it in the authentication context of a call.</summary>
    public const string CommonNameProperty = "x509_common_name";

    private const string CommonNameId = "2.5.4.3";

    private static readonly UniversalTagNumber[] Texts =
    [
        UniversalTagNumber.UTF8String, UniversalTagNumber.PrintableString, UniversalTagNumber.IA5String,
        UniversalTagNumber.T61String, UniversalTagNumber.BMPString, UniversalTagNumber.NumericString,
    ];

    /// <summary>Empty if it has none, or one that cannot be read.</summary>
    public static string CommonName(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        try
        {
            string found = "";
            AsnReader parts = new AsnReader(certificate.SubjectName.RawData, AsnEncodingRules.BER).ReadSequence();
            while (parts.HasData)
            {
                AsnReader part = parts.ReadSetOf(skipSortOrderValidation: true);
                while (part.HasData)
                    found = TextOf(part.ReadSequence()) ?? found;
            }

            return found;
        }
        catch (AsnContentException)
        {
            return "";
        }
    }

    public static IReadOnlyList<string> DnsNames(X509Certificate2 certificate) =>
        Read(certificate, names => names.EnumerateDnsNames());

    public static IReadOnlyList<IPAddress> Addresses(X509Certificate2 certificate) =>
        Read(certificate, names => names.EnumerateIPAddresses());

    /// <summary>Whether the certificate was made for a host, which is a name or an address. Of a name, the first label
    /// may stand for any: <c>*.example.com</c>.</summary>
    public static bool AreFor(X509Certificate2 certificate, string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address))
            return Addresses(certificate).Contains(address);
        string name = host.TrimEnd('.');
        return name.Length > 0 && DnsNames(certificate).Any(pattern => Matches(pattern.TrimEnd('.'), name));
    }

    private static bool Matches(string pattern, string name)
    {
        if (!pattern.StartsWith("*.", StringComparison.Ordinal))
            return pattern.Equals(name, StringComparison.OrdinalIgnoreCase);
        int firstDot = name.IndexOf('.');
        return firstDot > 0 && pattern.AsSpan(1).Equals(name.AsSpan(firstDot), StringComparison.OrdinalIgnoreCase);
    }

    private static string? TextOf(AsnReader pair)
    {
        if (pair.ReadObjectIdentifier() != CommonNameId)
            return null;
        Asn1Tag tag = pair.PeekTag();
        bool isText = tag.TagClass == TagClass.Universal && Texts.Contains((UniversalTagNumber)tag.TagValue);
        return isText ? pair.ReadCharacterString((UniversalTagNumber)tag.TagValue) : null;
    }

    private static List<T> Read<T>(
        X509Certificate2 certificate, Func<X509SubjectAlternativeNameExtension, IEnumerable<T>> enumerate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        try
        {
            return [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(enumerate)];
        }
        catch (CryptographicException)
        {
            return []; // names that cannot be read are nobody's
        }
    }
}
