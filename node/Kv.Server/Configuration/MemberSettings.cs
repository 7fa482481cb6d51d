namespace Kv.Server.Configuration;

/// <summary>Who this member is and where it is found.</summary>
public sealed record MemberSettings
{
    public required string Name { get; init; }

    public required IReadOnlyList<NodeUrl> ListenPeerUrls { get; init; }

    public required IReadOnlyList<NodeUrl> ListenClientUrls { get; init; }

    /// <summary>If not empty, plain HTTP is served here, and on the client URLs no longer.</summary>
    public required IReadOnlyList<NodeUrl> ListenClientHttpUrls { get; init; }

    public required IReadOnlyList<NodeUrl> ListenMetricsUrls { get; init; }

    public required IReadOnlyList<NodeUrl> AdvertisePeerUrls { get; init; }

    public required IReadOnlyList<NodeUrl> AdvertiseClientUrls { get; init; }

    /// <summary>The version of etcd that it says it is, to clients and to other members.</summary>
    public required string AnnouncedVersion { get; init; }

    /// <summary>Whether any of what clients and scrapers connect to is secured.</summary>
    public bool ServesClientsByTls =>
        ListenClientUrls.Concat(ListenClientHttpUrls).Concat(ListenMetricsUrls).Any(url => url.IsTls);
}

/// <summary>How a cluster comes to be: who founds it or is joined, which counts only for a member without data, and how
/// its membership may change.</summary>
public sealed record BootstrapSettings
{
    public required IReadOnlyList<InitialMember> Members { get; init; }

    /// <summary>False if this member joins a cluster that is there.</summary>
    public required bool IsNewCluster { get; init; }

    public required string Token { get; init; }

    public required bool IsStrictAboutReconfiguration { get; init; }

    public required int LearnersMax { get; init; }

    /// <summary>Whether a member with data becomes a cluster of its own, as the others are lost.</summary>
    public required bool IsForcedAlone { get; init; }
}

/// <summary>A member of the cluster to be.</summary>
public sealed record InitialMember(string Name, IReadOnlyList<NodeUrl> PeerUrls);

public sealed record TimingSettings
{
    public required TimeSpan Heartbeat { get; init; }

    public required TimeSpan Election { get; init; }

    /// <summary>Whether ticks are skipped at the start, so that the first election comes sooner.</summary>
    public required bool SkipsFirstTicks { get; init; }

    public required bool HasPreVote { get; init; }

    /// <summary>A connection to a peer on which nothing has come for so long is given up.</summary>
    public required TimeSpan PeerRead { get; init; }

    /// <summary>A connection to a peer that has taken nothing for so long is given up.</summary>
    public required TimeSpan PeerWrite { get; init; }

    public required TimeSpan WatchProgress { get; init; }

    public required TimeSpan SlowApply { get; init; }

    public required TimeSpan SlowRequest { get; init; }

    /// <summary>How often the leader looks whether a downgrade is finished; null if never.</summary>
    public required TimeSpan? DowngradeCheck { get; init; }

    /// <summary>How many heartbeats an election waits.</summary>
    public int ElectionTicks => (int)(Election / Heartbeat);

    /// <summary>How long a proposal is waited for: time for the disks, and for two elections meanwhile.</summary>
    public TimeSpan RequestTimeout => TimeSpan.FromSeconds(5) + (2 * Election);
}

/// <summary>What one client may ask for.</summary>
public sealed record RequestLimits
{
    private const int RequestOverheadBytes = 512 * 1024;

    public required int TxnOperationsMax { get; init; }

    public required int RequestBytesMax { get; init; }

    /// <summary>The largest message: a request of the largest size with what gRPC may put around it, 512 KiB as in
    /// etcd. Watchers that asked for fragments get them from this size on.</summary>
    public int MessageBytesMax => (int)Math.Min((long)RequestBytesMax + RequestOverheadBytes, int.MaxValue);

    public required int ConcurrentStreamsMax { get; init; }

    /// <summary>Calls at once, of all clients; null leaves it to how much memory there is.</summary>
    public int? RequestsInFlightMax { get; init; }

    /// <summary>Bytes that calls hold, of all clients; null leaves it to how much memory there is.</summary>
    public long? BytesInFlightMax { get; init; }

    /// <summary>Bytes that the calls of one connection hold; null is half of all.</summary>
    public long? ConnectionBytesInFlightMax { get; init; }

    /// <summary>After how much idleness a client is pinged; null never.</summary>
    public required TimeSpan? KeepAliveInterval { get; init; }

    public required TimeSpan KeepAliveTimeout { get; init; }
}
