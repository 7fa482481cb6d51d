using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>Puts settings whose texts are known to be good into the records that the node reads.</summary>
internal static class SettingsBinder
{
    private const long DefaultQuotaBytes = 2L * 1024 * 1024 * 1024;
    private const int DefaultBatchOperations = 10_000;
    private static readonly TimeSpan DefaultBatchInterval = TimeSpan.FromMilliseconds(100);

    public static NodeConfiguration Bind(Settings settings) => new()
    {
        Member = Member(settings),
        Bootstrap = Bootstrap(settings),
        Timing = Timing(settings),
        Limits = Limits(settings),
        Storage = Storage(settings),
        Compaction = Compaction(settings),
        Log = Log(settings),
        Http = new HttpSettings { Origins = settings.List("cors"), Hosts = settings.List("host-whitelist") },
        Tls = new TlsSettings { Client = Files(settings, ""), Peer = Files(settings, "peer-") },
        Features = FeatureGates.Read(settings.Text("feature-gates"), settings.Faults),
        HasExtensiveMetrics = settings.Text("metrics") == "extensive",
    };

    private static MemberSettings Member(Settings settings) => new()
    {
        Name = settings.Text("name"),
        ListenPeerUrls = settings.Urls("listen-peer-urls"),
        ListenClientUrls = settings.Urls("listen-client-urls"),
        ListenClientHttpUrls = settings.Urls("listen-client-http-urls"),
        ListenMetricsUrls = settings.Urls("listen-metrics-urls"),
        AdvertisePeerUrls = settings.Urls("initial-advertise-peer-urls"),
        AdvertiseClientUrls = settings.Urls("advertise-client-urls"),
        AnnouncedVersion = settings.Text("announced-version"),
    };

    private static BootstrapSettings Bootstrap(Settings settings)
    {
        // With a name of its own and nothing said of the cluster, the member is the cluster.
        bool isNamed = settings.Text("name") != FlagTable.Find("name")!.Default;
        string members = isNamed && !settings.IsGiven("initial-cluster")
            ? string.Join(
                ',', settings.Urls("initial-advertise-peer-urls").Select(url => $"{settings.Text("name")}={url}"))
            : settings.Text("initial-cluster");
        return new BootstrapSettings
        {
            Members = BootstrapRules.ReadMembers(members, settings.Faults),
            IsNewCluster = settings.Text("initial-cluster-state") == "new",
            Token = settings.Text("initial-cluster-token"),
            IsStrictAboutReconfiguration = settings.Switch("strict-reconfig-check"),
            LearnersMax = settings.Count("max-learners"),
        };
    }

    private static TimingSettings Timing(Settings settings) => new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(settings.Count("heartbeat-interval")),
        Election = TimeSpan.FromMilliseconds(settings.Count("election-timeout")),
        SkipsFirstTicks = settings.Switch("initial-election-tick-advance"),
        HasPreVote = settings.Switch("pre-vote"),
        WatchProgress = settings.Duration("watch-progress-notify-interval"),
        SlowApply = settings.Duration("warning-apply-duration"),
        SlowRequest = settings.Duration("warning-unary-request-duration"),
    };

    private static RequestLimits Limits(Settings settings)
    {
        var interval = settings.Duration("grpc-keepalive-interval");
        return new RequestLimits
        {
            TxnOperationsMax = settings.Count("max-txn-ops"),
            RequestBytesMax = settings.Count("max-request-bytes"),
            ConcurrentStreamsMax = settings.Count("max-concurrent-streams"),
            KeepAliveMin = settings.Duration("grpc-keepalive-min-time"),
            KeepAliveInterval = interval == TimeSpan.Zero ? null : interval,
            KeepAliveTimeout = settings.Duration("grpc-keepalive-timeout"),
        };
    }

    private static StorageSettings Storage(Settings settings)
    {
        string directory = settings.Text("data-dir");
        string walDirectory = settings.Text("wal-dir");
        long quota = settings.Integer("quota-backend-bytes");
        var interval = settings.Duration("backend-batch-interval");
        int operations = settings.Count("backend-batch-limit");
        return new StorageSettings
        {
            DataDirectory = directory.Length == 0 ? $"{settings.Text("name")}.etcd" : directory,
            DedicatedWalDirectory = walDirectory.Length == 0 ? null : walDirectory,
            SnapshotEntries = settings.Integer("snapshot-count"),
            CatchUpEntries = settings.Integer("snapshot-catchup-entries"),
            SnapshotFilesMax = NullIfZero(settings.Count("max-snapshots")),
            LogFilesMax = NullIfZero(settings.Count("max-wals")),
            QuotaBytes = quota == 0 ? DefaultQuotaBytes : quota < 0 ? null : quota,
            BatchInterval = interval == TimeSpan.Zero ? DefaultBatchInterval : interval,
            BatchOperationsMax = operations == 0 ? DefaultBatchOperations : operations,
            IsSyncSkipped = settings.Switch("unsafe-no-fsync"),
        };
    }

    private static CompactionSettings Compaction(Settings settings)
    {
        int batch = settings.Count("compaction-batch-limit");
        return new CompactionSettings
        {
            Auto = Auto(settings),
            BatchRevisions = batch == 0 ? int.MaxValue : batch,
            BatchPause = settings.Duration("compaction-sleep-interval"),
        };
    }

    private static AutoCompaction Auto(Settings settings)
    {
        string text = settings.Text("auto-compaction-retention");
        bool isByAge = settings.Text("auto-compaction-mode") == "periodic";
        bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        if (isNumber && number == 0)
            return new AutoCompaction.Off();
        if (isNumber && !isByAge)
            return new AutoCompaction.ByRevisions(number);
        if (isNumber)
            return new AutoCompaction.ByAge(TimeSpan.FromHours(number));
        if (isByAge && GoDuration.TryParse(text, out var age) && age >= TimeSpan.Zero)
            return age == TimeSpan.Zero ? new AutoCompaction.Off() : new AutoCompaction.ByAge(age);

        string wanted = isByAge ? "invalid duration" : "invalid number of revisions";
        settings.Faults.Add($"error parsing CompactionRetention: {wanted} \"{text}\"");
        return new AutoCompaction.Off();
    }

    private static LogSettings Log(Settings settings) => new()
    {
        Level = settings.Text("log-level") switch
        {
            "debug" => LogLevel.Debug,
            "info" => LogLevel.Information,
            "warn" => LogLevel.Warning,
            "error" => LogLevel.Error,
            _ => LogLevel.Critical,
        },
        IsJson = settings.Text("log-format") == "json",
        Outputs =
        [
            .. settings.List("log-outputs").Select(output => output == "default" ? "stderr" : output).Distinct(),
        ],
    };

    private static TlsFiles Files(Settings settings, string side) => new()
    {
        Certificate = settings.Text($"{side}cert-file"),
        Key = settings.Text($"{side}key-file"),
        TrustedAuthorities = settings.Text($"{side}trusted-ca-file"),
        Revoked = settings.Text(side.Length == 0 ? "client-crl-file" : "peer-crl-file"),
        DemandsCertificates = settings.Switch($"{side}client-cert-auth"),
    };

    private static int? NullIfZero(int value) => value == 0 ? null : value;
}
