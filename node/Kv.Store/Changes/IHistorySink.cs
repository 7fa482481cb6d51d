namespace Kv.Store;

/// <summary>Takes the changes of the past that the store finds.</summary>
public interface IHistorySink
{
    /// <summary>Whether changes of this key are wanted; those of others are passed over without being copied.</summary>
    bool Wants(ReadOnlySpan<byte> key);

    void Add(in Change change);
}
