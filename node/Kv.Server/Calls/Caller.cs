namespace Kv.Server.Calls;

/// <summary>Who calls, as the token or certificate says; nobody while auth is off. The revision is that of the auth
/// store when the token was checked: a request applied after a later change of it is refused.</summary>
internal readonly record struct Caller
{
    private readonly string? _userName;

    public Caller(string userName, ulong authRevision)
    {
        _userName = userName;
        AuthRevision = authRevision;
    }

    public string UserName => _userName ?? "";

    public ulong AuthRevision { get; }
}
