namespace Kv.Storage.Snap;

/// <summary>Is told how the saving of a <c>.snap</c> file gets on, for metrics, by whoever saves it.</summary>
public interface ISnapObserver
{
    void OnSaving();

    /// <summary>The bytes are made, and are about to be written.</summary>
    void OnEncoded();

    void OnSyncing();

    void OnSynced();

    /// <summary>The file is there under its name, durable.</summary>
    void OnSaved();
}
