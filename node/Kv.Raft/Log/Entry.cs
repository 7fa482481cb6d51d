namespace Kv.Raft;

/// <summary>What an entry's data is; the numbers are raftpb's.</summary>
public enum EntryType
{
    Normal = 0,
    ConfChange = 1,
    ConfChangeV2 = 2,
}

/// <summary>One entry of the replicated log. A struct, so that a log of thousands of entries is one array and a
/// proposal costs no object but its data, which is never copied here and must not be changed by anyone.</summary>
/// <param name="tag">Whatever the proposer wants back with the entry; see <see cref="Tag"/>.</param>
public readonly struct Entry(EntryId id, EntryType type, ReadOnlyMemory<byte> data, object? tag = null)
{
    public EntryId Id { get; } = id;

    public EntryType Type { get; } = type;

    /// <summary>Empty for the entry with which a leader opens its term.</summary>
    public ReadOnlyMemory<byte> Data { get; } = data;

    /// <summary>Came with the proposal, if that was made at this node since it started; is handed out with the
    /// committed entry, or in <see cref="Output.Dropped"/>, whichever comes true. Never sent, stored or
    /// looked at.</summary>
    public object? Tag { get; } = tag;

    public ulong Index => Id.Index;

    public ulong Term => Id.Term;

    internal bool ChangesConf => Type != EntryType.Normal;

    /// <summary>What the entry counts towards the size of a message or a batch: its data and, roughly, the fields
    /// around it on the wire.</summary>
    internal long Bytes => Data.Length + FieldBytes;

    private const int FieldBytes = 16;

    internal Entry WithoutTag() => new(Id, Type, Data);

    public override string ToString() => $"{Id} {Type} {Data.Length} bytes";
}
