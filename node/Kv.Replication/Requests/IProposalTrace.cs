namespace Kv.Replication;

/// <summary>Is told how far a request has come, if somebody wants to know of just that one. Others have none, so it
/// costs them a look at a field.</summary>
public interface IProposalTrace
{
    /// <summary>The entry is committed, and about to be applied here. The apply lane's, so it must be quick.</summary>
    void OnApplying(ulong term, ulong index);
}
