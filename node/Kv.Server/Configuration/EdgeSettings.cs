using System.Net.Security;
using System.Security.Authentication;
using Kv.Server.Tokens;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

public sealed record LogSettings
{
    public required LogLevel Level { get; init; }

    /// <summary>Whether lines are JSON, or else columns for people.</summary>
    public required bool IsJson { get; init; }

    /// <summary><c>stderr</c>, <c>stdout</c> or paths.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }
}

/// <summary>Who may speak plain HTTP with us. A lone <c>*</c> lets everybody.</summary>
public sealed record HttpSettings
{
    public required IReadOnlyList<string> Origins { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>Whether the API is there in JSON too.</summary>
    public bool HasGateway { get; init; } = true;
}

/// <summary>How users prove who they are.</summary>
public sealed record AuthSettings
{
    /// <summary>Work to hash a password: so many rounds as two to this.</summary>
    public required int BcryptCost { get; init; }

    /// <summary>How long a simple token lives that nobody uses.</summary>
    public required TimeSpan TokenLifetime { get; init; }

    /// <summary>How tokens are signed; null if they are simple ones.</summary>
    internal JwtSettings? Jwt { get; init; }
}

public sealed record TlsSettings
{
    public required TlsFiles Client { get; init; }

    public required TlsFiles Peer { get; init; }

    public required SslProtocols Versions { get; init; }

    /// <summary>Of TLS 1.2, those that may be used; empty leaves it to the system. Those of TLS 1.3 are always
    /// allowed, as in etcd.</summary>
    public required IReadOnlyList<TlsCipherSuite> CipherSuites { get; init; }

    /// <summary>For how many years a certificate that is made here is valid.</summary>
    public required long SelfSignedYears { get; init; }
}

/// <summary>What one of the two sides, clients or peers, is secured with. Names of files are empty where none was
/// given.</summary>
public sealed record TlsFiles
{
    public required string Certificate { get; init; }

    public required string Key { get; init; }

    /// <summary>Shown when calling others, in place of the one for serving.</summary>
    public required string CallingCertificate { get; init; }

    public required string CallingKey { get; init; }

    public required string TrustedAuthorities { get; init; }

    public string Revoked { get; init; } = "";

    /// <summary>Whether to demand certificates, and to take their common names for users where there is no
    /// token.</summary>
    public required bool DemandsCertificates { get; init; }

    /// <summary>Common names, of which a certificate must have one; empty if any will do.</summary>
    public IReadOnlyList<string> AllowedNames { get; init; } = [];

    /// <summary>Hosts, for one of which a certificate must be made; empty if any will do.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Whether a certificate is to be made if none is given.</summary>
    public required bool IsAutomatic { get; init; }

    /// <summary>Whether who connects must do so from where its certificate says it lives, if it says that.</summary>
    public bool ChecksAddresses { get; init; }

    /// <summary>Whether the certificate was made here, as those of the others are then, so that nobody can be
    /// checked.</summary>
    public bool IsSelfMade { get; init; }

    public bool IsGiven => Certificate.Length > 0 || Key.Length > 0;

    /// <summary>Whether the certificate has yet to be made, or found where it was made before.</summary>
    public bool IsToBeMade => IsAutomatic && !IsGiven;

    /// <summary>Whether there is anything to speak TLS with.</summary>
    public bool IsPresent => IsAutomatic || IsGiven;

    /// <summary>Whether there is anything to speak with others by: to check them needs no certificate.</summary>
    public bool IsUsed => IsPresent || TrustedAuthorities.Length > 0;

    /// <summary>Whether who connects must show a certificate: etcd demands it as soon as it could check it.</summary>
    public bool ChecksClients => DemandsCertificates || TrustedAuthorities.Length > 0;
}
