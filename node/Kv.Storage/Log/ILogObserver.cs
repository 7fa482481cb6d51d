namespace Kv.Storage.Log;

/// <summary>Is told what the log does to its disk, for metrics. Called by the lane that owns the log, which waits
/// meanwhile.</summary>
public interface ILogObserver
{
    void OnWriting();

    void OnWritten(int bytes);

    void OnSyncStarting();

    void OnSynced();
}
