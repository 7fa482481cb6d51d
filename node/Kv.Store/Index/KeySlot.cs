namespace Kv.Store;

/// <summary>The last revision of one key, in place, and where its earlier ones are kept, if any are.</summary>
internal struct KeySlot
{
    public const int NoPast = -1;
    public const long DeletedVersion = -1;

    public long Main;
    public long Created;

    /// <summary>The version that this revision made, or <see cref="DeletedVersion"/>.</summary>
    public long Version;
    public int Sub;

    /// <summary>Index in the <see cref="PastTable"/>, or <see cref="NoPast"/>.</summary>
    public int Past;

    public readonly bool IsLive => Version != DeletedVersion;

    /// <summary>Whether a compaction could find something to drop here.</summary>
    public readonly bool HasPast => Past != NoPast || !IsLive;

    public readonly KeyState State => new(new Revision(Main, Sub), Created, Version);
}
