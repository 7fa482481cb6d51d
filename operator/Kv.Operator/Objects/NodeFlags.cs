using System.Globalization;
using Kv.Operator.Api;

namespace Kv.Operator.Objects;

/// <summary>The flags of a node, in the order of its own list of flags; those that only count for its first start are
/// added by <see cref="MemberPod"/>.</summary>
internal static class NodeFlags
{
    public static IEnumerable<string> Of(
        ClusterLayout layout,
        string member,
        string dataFolder,
        string clientTlsFolder,
        string peerTlsFolder)
    {
        IEnumerable<string> flags =
        [
            $"--name={member}",
            $"--data-dir={dataFolder}",
            $"--listen-peer-urls={layout.PeerScheme}://$(POD_IP):{ClusterLayout.PeerPort}",
            $"--listen-client-urls={layout.ClientScheme}://$(POD_IP):{ClusterLayout.ClientPort}",
            $"--listen-metrics-urls=http://$(POD_IP):{ClusterLayout.MetricsPort}",
            $"--initial-advertise-peer-urls={layout.PeerUrlOf(member)}",
            $"--advertise-client-urls={layout.ClientUrlOf(member)}",
            $"--initial-cluster-token={layout.Uid}",
            Flag("quota-backend-bytes", layout.QuotaBytes),
        ];
        return
        [
            .. flags,
            .. Options(layout.Spec),
            .. Compaction(layout.Spec),
            .. Tls(layout, clientTlsFolder, peerTlsFolder),
        ];
    }

    private static IEnumerable<string> Options(KvClusterSpec spec)
    {
        if (spec.Options is not { } options)
            yield break;

        yield return Flag("heartbeat-interval", options.HeartbeatIntervalMilliseconds);
        yield return Flag("election-timeout", options.ElectionTimeoutMilliseconds);
        if (options.SnapshotCount is { } snapshots)
            yield return Flag("snapshot-count", snapshots);
        if (options.MaxTxnOps is { } operations)
            yield return Flag("max-txn-ops", operations);
        if (options.MaxRequestBytes is { } bytes)
            yield return Flag("max-request-bytes", bytes);
        if (options.MaxConcurrentStreams is { } streams)
            yield return Flag("max-concurrent-streams", streams);
        if (options.LogLevel is { } level)
            yield return $"--log-level={level.ToString().ToLowerInvariant()}";
        if (options.ExtensiveMetrics == true)
            yield return "--metrics=extensive";
    }

    private static IEnumerable<string> Compaction(KvClusterSpec spec)
    {
        if (spec.Compaction?.KeepMinutes is { } minutes)
        {
            yield return "--auto-compaction-mode=periodic";
            yield return $"--auto-compaction-retention={minutes.ToString(CultureInfo.InvariantCulture)}m";
        }

        if (spec.Compaction?.KeepRevisions is { } revisions)
        {
            yield return "--auto-compaction-mode=revision";
            yield return Flag("auto-compaction-retention", revisions);
        }
    }

    private static IEnumerable<string> Tls(ClusterLayout layout, string clientFolder, string peerFolder)
    {
        if (layout.HasClientTls)
        {
            yield return $"--cert-file={clientFolder}/tls.crt";
            yield return $"--key-file={clientFolder}/tls.key";
            if (layout.Spec.Tls!.Client!.RequireClientCertificate)
            {
                yield return "--client-cert-auth=true";
                yield return $"--trusted-ca-file={clientFolder}/ca.crt";
            }
        }

        if (layout.HasPeerTls)
        {
            yield return $"--peer-cert-file={peerFolder}/tls.crt";
            yield return $"--peer-key-file={peerFolder}/tls.key";
            yield return "--peer-client-cert-auth=true";
            yield return $"--peer-trusted-ca-file={peerFolder}/ca.crt";
        }
    }

    private static string Flag(string name, long value) =>
        $"--{name}={value.ToString(CultureInfo.InvariantCulture)}";
}
