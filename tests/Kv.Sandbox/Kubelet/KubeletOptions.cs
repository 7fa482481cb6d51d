namespace Kv.Sandbox.Kubelet;

/// <summary>How pods are run.</summary>
internal sealed record KubeletOptions
{
    /// <summary>Where volumes, logs and what containers need are kept.</summary>
    public required string Directory { get; init; }

    public required ImageTable Images { get; init; }

    /// <summary>Names of the nodes, each with the zone it is said to be in.</summary>
    public required IReadOnlyList<(string Name, string Zone)> Nodes { get; init; }

    /// <summary>Second number of the addresses of pods: 127.N.0.0 and up.</summary>
    public required byte Network { get; init; }

    /// <summary>Set in every process, so that those of one sandbox can be told from all others.</summary>
    public required string Mark { get; init; }

    /// <summary>Where pods find the API server.</summary>
    public required Uri Server { get; init; }

    /// <summary>How long to wait before the first restart of a container that ended; doubled each time.</summary>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromMinutes(5);

    public Action<string> Log { get; init; } = _ => { };
}
