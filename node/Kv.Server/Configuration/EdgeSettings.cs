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
}

public sealed record TlsSettings
{
    public required TlsFiles Client { get; init; }

    public required TlsFiles Peer { get; init; }
}

/// <summary>The files that one of the two sides, clients or peers, is secured with; empty where not given.</summary>
public sealed record TlsFiles
{
    public required string Certificate { get; init; }

    public required string Key { get; init; }

    public required string TrustedAuthorities { get; init; }

    public required string Revoked { get; init; }

    public required bool DemandsCertificates { get; init; }
}
