namespace Kv.Store;

/// <summary>A row of the bucket of keys that is not yet in the page file.</summary>
internal readonly struct PendingRow(Revision revision, bool isDelete, PendingBytes value)
{
    private readonly int _sub = isDelete ? ~(int)revision.Sub : (int)revision.Sub;

    public long Main { get; } = revision.Main;

    public PendingBytes Value { get; } = value;

    public bool IsDelete => _sub < 0;

    public Revision Revision => new(Main, _sub < 0 ? ~_sub : _sub);
}
