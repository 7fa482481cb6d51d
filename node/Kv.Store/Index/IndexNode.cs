namespace Kv.Store;

/// <summary>A node of the index and a summary of all below it, by which a count passes over whole subtrees.</summary>
internal abstract class IndexNode
{
    // Of a leaf the keys, of a branch what separates its children. A field, as a struct that changes itself must be.
    public PackedKeys Keys = new();

    /// <summary>No key below was changed after this revision. If that is not later than the revision asked for, every
    /// key stands as its slot says.</summary>
    public long NewestMain;

    /// <summary>Keys below that are not deleted.</summary>
    public long Live;
}
