namespace Kv.Testing.Linearizability;

/// <summary>A request of a client, from its call to its return. Times are of one clock, in any unit. One that has no
/// answer may have happened at any time after the call, or never. A serializable one is a read that may be answered
/// from the past.</summary>
public sealed class Operation(int client, Request request, long called, bool isSerializable)
{
    public int Client => client;

    public Request Request => request;

    public long Called => called;

    public bool IsSerializable => isSerializable;

    /// <summary>Null while it is not known.</summary>
    public Answer? Answer { get; internal set; }

    /// <summary>When the answer came.</summary>
    public long Returned { get; internal set; } = long.MaxValue;

    /// <summary>Whether it is known that it did not happen and never will.</summary>
    public bool IsRefused { get; internal set; }

    public override string ToString()
    {
        string times = Answer is null ? $"[{called}, ?]" : $"[{called}, {Returned}]";
        string outcome = Answer?.ToString() ?? (IsRefused ? "refused" : "unknown");
        return $"client {client} {times} {request}{(isSerializable ? " serializable" : "")} -> {outcome}";
    }
}

/// <summary>One change of a revision as a watcher was told it; no value for a deletion.</summary>
public sealed record ObservedChange(string Key, StoredValue? Value)
{
    public override string ToString() => Value is { } stored ? $"{Key}={stored}" : $"{Key} deleted";
}

/// <summary>All changes of a revision, in their order, as a watcher of all keys was told them.</summary>
public sealed record Observation(long Revision, IReadOnlyList<ObservedChange> Changes, long SeenAt);

/// <summary>A lease that was acknowledged to have ended, and at which revision at the latest.</summary>
public sealed record EndedLease(long Lease, long By, long SeenAt);
