namespace Kv.Grpc.Tls;

/// <summary>What a certificate is shown for.</summary>
public enum CertificateUse
{
    /// <summary>By who accepts connections.</summary>
    Serving,

    /// <summary>By who makes them.</summary>
    Calling,
}
