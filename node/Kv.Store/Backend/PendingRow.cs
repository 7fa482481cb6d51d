namespace Kv.Store;

/// <summary>A row of the bucket of keys that is not yet in the page file, in 24 bytes; the sign of the sub revision
/// tells a deletion.</summary>
internal readonly struct PendingRow(Revision revision, bool isDelete, PendingBytes value)
{
    private readonly long _main = revision.Main;
    private readonly PendingBytes _value = value;
    private readonly int _sub = isDelete ? ~(int)revision.Sub : (int)revision.Sub;

    public PendingBytes Value => _value;

    public bool IsDelete => _sub < 0;

    public Revision Revision => new(_main, _sub < 0 ? ~_sub : _sub);
}
