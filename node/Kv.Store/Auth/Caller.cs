namespace Kv.Store;

/// <summary>Who calls, as a token or a certificate says; nobody while auth is off. The revision is that of the auth
/// store when the token or certificate was looked at, or that which a signed token bears: what was allowed before a
/// later change of it may be forbidden now. It is 0 for nobody alone.</summary>
public readonly record struct Caller
{
    private readonly string? _userName;

    public Caller(string userName, ulong authRevision)
    {
        _userName = userName;
        AuthRevision = authRevision;
    }

    public string UserName => _userName ?? "";

    public ulong AuthRevision { get; }

    /// <summary>Whether there is neither token nor certificate.</summary>
    public bool IsNobody => AuthRevision == 0;
}
