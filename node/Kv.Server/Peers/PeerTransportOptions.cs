using System.Net.Security;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers;

/// <summary>What the traffic with peers is tuned by. The defaults are etcd's.</summary>
public sealed record PeerTransportOptions
{
    /// <summary>Where peers find this member, told to them with every request, so that one that does not know it yet
    /// can answer.</summary>
    public required IReadOnlyList<string> PeerUrls { get; init; }

    /// <summary>How long connecting may take: one second and an election timeout.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A stream on which nothing has come for this long is taken for dead; so each side says something three
    /// times as often.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stream's writing may be stuck.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From one attempt to reach a peer to the next.</summary>
    public TimeSpan RedialInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the round trip to a peer is measured.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long one message sent on its own may take. etcd waits for ever.</summary>
    public TimeSpan PostTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long sending a snapshot may be stuck. etcd waits for ever, and keeps the pages of the store pinned
    /// meanwhile.</summary>
    public TimeSpan SnapshotStallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may then take to store it.</summary>
    public TimeSpan SnapshotAnswerTimeout { get; init; } = TimeSpan.FromMinutes(5);

    public MessageStyle Style { get; init; } = MessageStyle.Etcd36;

    /// <summary>Messages waiting for one stream; more are dropped.</summary>
    public int StreamQueueMax { get; init; } = 4096;

    /// <summary>Messages waiting to be posted one by one to a peer without streams; more are dropped.</summary>
    public int PostQueueMax { get; init; } = 64;

    /// <summary>How many of them are under way at once.</summary>
    public int PostsMax { get; init; } = 4;

    /// <summary>Snapshots on their way to peers at once; one more counts as failed.</summary>
    public int SnapshotsMax { get; init; } = 16;

    /// <summary>Snapshots being received at once; one more is refused. etcd has no limit.</summary>
    public int IncomingSnapshotsMax { get; init; } = 4;

    /// <summary>Strangers that are answered at once. etcd has no limit.</summary>
    public int RemotesMax { get; init; } = 64;

    /// <summary>How peers whose URLs are https are spoken with. It is given the host, and asked anew for each
    /// connection, so that certificates can be replaced. Without it there is no certificate to show, and the system's
    /// authorities are trusted.</summary>
    public Func<string, SslClientAuthenticationOptions>? Tls { get; init; }

    public IPeerObserver Observer { get; init; } = new NoPeerObserver();

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
