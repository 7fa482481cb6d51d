namespace Kv.Store;

/// <summary>What has been done to keys since the start, counted as etcd counts it: operations, whether or not they
/// found a key, and transactions of more than one operation, as which it also counts a put that reads what was there
/// before. The apply lane alone counts here, so that it costs an addition; any thread may read.</summary>
public sealed class StoreCounts
{
    private long _puts;
    private long _putBytes;
    private long _deletes;
    private long _ranges;
    private long _transactions;

    public long Puts => Volatile.Read(ref _puts);

    /// <summary>Of their keys and values.</summary>
    public long PutBytes => Volatile.Read(ref _putBytes);

    public long Deletes => Volatile.Read(ref _deletes);

    /// <summary>Reads that were part of requests that write; those of others are counted where they are
    /// made.</summary>
    public long Ranges => Volatile.Read(ref _ranges);

    /// <summary>Those that write.</summary>
    public long Transactions => Volatile.Read(ref _transactions);

    internal void Add(in OperationTally tally)
    {
        Volatile.Write(ref _puts, _puts + tally.Puts);
        Volatile.Write(ref _putBytes, _putBytes + tally.PutBytes);
        Volatile.Write(ref _deletes, _deletes + tally.Deletes);
        Volatile.Write(ref _ranges, _ranges + tally.Ranges);
        if (tally.IsTransaction)
            Volatile.Write(ref _transactions, _transactions + 1);
    }
}

/// <summary>What one request, or one part of a transaction, has done.</summary>
internal struct OperationTally
{
    public int Puts;
    public long PutBytes;
    public int Deletes;
    public int Ranges;

    public readonly bool IsTransaction => Puts + Deletes + Ranges > 1;
}
