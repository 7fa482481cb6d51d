using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kv.Server.Tls;

/// <summary>The serial numbers in revocation lists (RFC 5280 §5). As in etcd, only they count: the file is the
/// operator's word, and neither the list's signature nor its age is asked for.
/// <code>
///   CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signature }
///   tbsCertList     ::= SEQUENCE { version?, algorithm, issuer, thisUpdate, nextUpdate?,
///                                  SEQUENCE OF SEQUENCE { serial, date, extensions? }?, [0] extensions? }
/// </code></summary>
internal sealed class RevokedCertificates
{
    private const string Label = "X509 CRL";

    private readonly HashSet<string> _serials = new(StringComparer.Ordinal);

    private RevokedCertificates()
    {
    }

    /// <exception cref="TlsFileException">It cannot be read, or is no revocation list.</exception>
    public static RevokedCertificates Read(string path, Func<string, byte[]> read) =>
        Parse([TlsFile.Read(path, read)]);

    /// <summary>From a file in DER, or in PEM with any number of lists.</summary>
    /// <exception cref="TlsFileException">It is no revocation list.</exception>
    public static RevokedCertificates Parse(IReadOnlyList<TlsFile> files)
    {
        var revoked = new RevokedCertificates();
        try
        {
            foreach (byte[] list in ListsIn(files[0].Content))
                revoked.Add(list);
        }
        catch (AsnContentException fault)
        {
            throw new TlsFileException($"{files[0].Path}: x509: malformed crl: {fault.Message}", fault);
        }

        return revoked;
    }

    public bool Contains(X509Certificate2 certificate) => _serials.Contains(ToText(certificate.SerialNumberBytes.Span));

    private static List<byte[]> ListsIn(byte[] content)
    {
        string text = Encoding.Latin1.GetString(content);
        var lists = new List<byte[]>();
        for (int start = 0; PemEncoding.TryFind(text.AsSpan(start), out PemFields fields);)
        {
            ReadOnlySpan<char> rest = text.AsSpan(start);
            if (rest[fields.Label] is Label)
                lists.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            start += fields.Location.End.GetOffset(rest.Length);
        }

        return lists.Count > 0 ? lists : [content];
    }

    private void Add(byte[] list)
    {
        AsnReader body = new AsnReader(list, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (body.PeekTag() == Asn1Tag.Integer)
            body.ReadInteger();
        body.ReadSequence();
        body.ReadSequence();
        while (body.HasData && IsTime(body.PeekTag()))
            body.ReadEncodedValue();
        if (!body.HasData || body.PeekTag() != Asn1Tag.Sequence)
            return;

        AsnReader entries = body.ReadSequence();
        while (entries.HasData)
            _serials.Add(ToText(entries.ReadSequence().ReadIntegerBytes().Span));
    }

    private static bool IsTime(Asn1Tag tag) => tag == Asn1Tag.UtcTime || tag == Asn1Tag.GeneralizedTime;

    private static string ToText(ReadOnlySpan<byte> serial) => Convert.ToHexStringLower(serial.TrimStart((byte)0));
}
