namespace Kv.Raft;

/// <summary>What became of a proposal at once. One that was taken in may still be lost with its leader.</summary>
public enum ProposeOutcome
{
    /// <summary>Appended to this leader's log.</summary>
    Appended,

    /// <summary>Sent to the leader.</summary>
    Forwarded,

    /// <summary>Nobody is known to lead.</summary>
    NoLeader,

    /// <summary>The leader is handing over to another, who must not have to run after a growing log.</summary>
    Transferring,

    /// <summary>Too much waits to be committed.</summary>
    TooManyUncommitted,

    /// <summary>An earlier change of the membership is not applied yet, or is joint and has to be left first.</summary>
    ConfChangePending,

    /// <summary>The membership cannot be changed so: it would have no voter, or more than one voter changes
    /// in a single step.</summary>
    ConfChangeInvalid,
}
