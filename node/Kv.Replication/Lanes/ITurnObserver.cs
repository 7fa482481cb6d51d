namespace Kv.Replication;

/// <summary>Is told what the log lane makes durable, on that lane; so it must be quick, and must not block.</summary>
public interface ITurnObserver
{
    /// <summary>These turns, all that had gathered, are about to be written.</summary>
    void OnWriting(IReadOnlyList<Turn> batch);

    /// <summary>They are durable, as far as they must be, and still the log lane's.</summary>
    void OnWritten(IReadOnlyList<Turn> batch);
}
