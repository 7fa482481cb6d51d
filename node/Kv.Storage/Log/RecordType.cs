namespace Kv.Storage.Log;

/// <summary>What a record of the log holds (walpb.Record.type).</summary>
internal enum RecordType
{
    None = 0,
    Metadata = 1,
    Entry = 2,
    State = 3,

    /// <summary>No content: the checksum of all before it, from which the chain goes on.</summary>
    Checksum = 4,
    Snapshot = 5,
}
