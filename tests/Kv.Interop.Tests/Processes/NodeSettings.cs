namespace Kv.Interop.Tests.Processes;

/// <summary>How a member is started, a lone one unless said otherwise. The ids of cluster and member follow from the
/// advertised peer address and the token, so two programs given the same settings must take the same ids.</summary>
public sealed record NodeSettings(string DataDirectory)
{
    public string Name { get; init; } = "m1";

    /// <summary>Addresses of their own, so that no test meets another's node.</summary>
    public string ClientAddress { get; init; } = Loopback.NextAddress();

    public string PeerAddress { get; init; } = Loopback.NextAddress();

    /// <summary>What others are told, where it must differ from where the node listens.</summary>
    public string? AdvertisedClientAddress { get; init; }

    public string? AdvertisedPeerAddress { get; init; }

    public string Token { get; init; } = "golden";

    /// <summary>The members of its cluster as flags have them; itself alone if null.</summary>
    public string? InitialCluster { get; init; }

    /// <summary>Whether the cluster is there already.</summary>
    public bool IsJoining { get; init; }

    public IReadOnlyList<string> Extra { get; init; } = [];

    public IReadOnlyList<string> Arguments
    {
        get
        {
            string advertisedPeer = "http://" + (AdvertisedPeerAddress ?? PeerAddress);
            return
            [
                "--name", Name,
                "--data-dir", DataDirectory,
                "--initial-cluster-token", Token,
                "--listen-client-urls", "http://" + ClientAddress,
                "--advertise-client-urls", "http://" + (AdvertisedClientAddress ?? ClientAddress),
                "--listen-peer-urls", "http://" + PeerAddress,
                "--initial-advertise-peer-urls", advertisedPeer,
                "--initial-cluster", InitialCluster ?? $"{Name}={advertisedPeer}",
                "--initial-cluster-state", IsJoining ? "existing" : "new",
                .. Extra,
            ];
        }
    }
}
