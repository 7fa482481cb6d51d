using Kv.Store;

namespace Kv.Replication;

/// <summary>Is told what the apply lane does, for metrics and log lines, on that lane; so it must be quick, and must
/// not block.</summary>
public interface IApplyObserver
{
    /// <summary>A snapshot of the leader is being taken in, or is no longer.</summary>
    void OnInstalling(bool isUnderWay);

    /// <summary>A run of entries is about to be applied, one after the other.</summary>
    void OnStarting();

    /// <summary>An entry of the kind that holds requests was applied, with what came of it.</summary>
    /// <param name="reply">What is answered; null if nobody here waits for it.</param>
    /// <returns>The moment at which that was so, as a timestamp of the observer's clock.</returns>
    long OnApplied(ReadOnlySpan<byte> entry, KvError error, Reply? reply);
}
