using System.Net.Security;

namespace Kv.Server.Configuration;

/// <summary>Cipher suites by the names that Go has for them, which are the registered ones.</summary>
internal static class CipherSuiteNames
{
    /// <summary>Null if there is none of this name.</summary>
    public static TlsCipherSuite? Find(string name) => name switch
    {
        // Two that Go names shorter as well.
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" => TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        _ => name.StartsWith("TLS_", StringComparison.Ordinal) && Enum.TryParse(name, out TlsCipherSuite found)
            ? found
            : null,
    };
}
