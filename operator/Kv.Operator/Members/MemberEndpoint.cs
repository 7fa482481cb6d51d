namespace Kv.Operator.Members;

/// <summary>Where a member can be asked: by the address of its pod, so that no name has to be known to any DNS yet,
/// but with the host that its certificate is for.</summary>
public sealed record MemberEndpoint(string Member, Uri Address, string Host)
{
    /// <summary>What to trust and to show; null without TLS.</summary>
    public MemberTrust? Trust { get; init; }
}

/// <summary>PEM texts: whom to trust, and what to show when certificates are asked for; empty for nothing.</summary>
public sealed record MemberTrust(string Authorities, string Certificate, string Key);
