namespace Kv.Storage.Pages;

/// <summary>Is told how a commit gets on, for metrics, by the lane that commits, which waits meanwhile. Those by which
/// the file is merely made shorter are not told of.</summary>
public interface ICommitObserver
{
    void OnCommitting();

    /// <summary>Nodes of one tree that became too small are about to be joined; once for each tree.</summary>
    void OnRebalancing();

    void OnRebalanced();

    /// <summary>All pages are laid out in memory, and are about to be written.</summary>
    void OnLaidOut();

    /// <summary>All of it is durable.</summary>
    void OnCommitted();
}
