namespace Kv.Interop.Tests.Processes;

/// <summary>How a member is started, a lone one unless said otherwise. The ids of cluster and member follow from the
/// advertised peer address and the token, so two programs given the same settings must take the same ids.</summary>
public sealed record NodeSettings(string DataDirectory)
{
    public string Name { get; init; } = "m1";

    /// <summary>Addresses of their own, so that no test meets another's node.</summary>
    public string ClientAddress { get; init; } = Loopback.NextAddress();

    public string PeerAddress { get; init; } = Loopback.NextAddress();

    public string ClientScheme { get; init; } = "http";

    public string PeerScheme { get; init; } = "http";

    /// <summary>Where others find it.</summary>
    public string PeerUrl => $"{PeerScheme}://{AdvertisedPeerAddress ?? PeerAddress}";

    /// <summary>What others are told, where it must differ from where the node listens.</summary>
    public string? AdvertisedClientAddress { get; init; }

    public string? AdvertisedPeerAddress { get; init; }

    public string Token { get; init; } = "golden";

    /// <summary>The members of its cluster as flags have them; itself alone if null.</summary>
    public string? InitialCluster { get; init; }

    /// <summary>Whether the cluster is there already.</summary>
    public bool IsJoining { get; init; }

    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>Variables it gets besides those of the tests.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Arguments
    {
        get
        {
            return
            [
                "--name", Name,
                "--data-dir", DataDirectory,
                "--initial-cluster-token", Token,
                "--listen-client-urls", $"{ClientScheme}://{ClientAddress}",
                "--advertise-client-urls", $"{ClientScheme}://{AdvertisedClientAddress ?? ClientAddress}",
                "--listen-peer-urls", $"{PeerScheme}://{PeerAddress}",
                "--initial-advertise-peer-urls", PeerUrl,
                "--initial-cluster", InitialCluster ?? $"{Name}={PeerUrl}",
                "--initial-cluster-state", IsJoining ? "existing" : "new",
                .. Extra,
            ];
        }
    }
}
