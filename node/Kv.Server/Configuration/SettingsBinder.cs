using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>Puts settings whose texts are known to be good into the records that the node reads.</summary>
internal static class SettingsBinder
{
    private const long DefaultQuotaBytes = 2L * 1024 * 1024 * 1024;
    private const int DefaultBatchOperations = 10_000;
    private const int DefaultCompactionBatch = 1000;
    private const int BcryptCostMin = 4;
    private const int BcryptCostMax = 31;
    private const int DefaultBcryptCost = 10;
    private static readonly TimeSpan DefaultBatchInterval = TimeSpan.FromMilliseconds(100);

    // Peers say something three times in so long, and not more often; etcd too takes no less.
    private static readonly TimeSpan PeerTimeoutMin = TimeSpan.FromSeconds(5);

    public static NodeConfiguration Bind(Settings settings)
    {
        var gates = FeatureGates.Read(settings);
        return new NodeConfiguration
        {
            Member = Member(settings),
            Bootstrap = Bootstrap(settings),
            Timing = Timing(settings),
            Limits = Limits(settings),
            Storage = Storage(settings),
            Compaction = Compaction(settings),
            Corruption = Corruption(settings, gates),
            Log = Log(settings),
            Http = new HttpSettings
            {
                Origins = settings.List("cors"),
                Hosts = settings.List("host-whitelist"),
                HasGateway = settings.Switch("enable-grpc-gateway"),
            },
            Auth = Auth(settings),
            Tls = TlsBinder.Bind(settings),
            Features = gates,
            HasExtensiveMetrics = settings.Text("metrics") == "extensive",
        };
    }

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
            IsForcedAlone = settings.Switch("force-new-cluster"),
        };
    }

    private static TimingSettings Timing(Settings settings) => new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(settings.Count("heartbeat-interval")),
        Election = TimeSpan.FromMilliseconds(settings.Count("election-timeout")),
        SkipsFirstTicks = settings.Switch("initial-election-tick-advance"),
        HasPreVote = settings.Switch("pre-vote"),
        PeerRead = AtLeast(PeerTimeoutMin, settings.Duration("raft-read-timeout")),
        PeerWrite = AtLeast(PeerTimeoutMin, settings.Duration("raft-write-timeout")),
        WatchProgress = settings.Duration("watch-progress-notify-interval"),
        SlowApply = settings.Duration("warning-apply-duration"),
        SlowRequest = settings.Duration("warning-unary-request-duration"),
        DowngradeCheck = settings.Duration("downgrade-check-time") is var check && check > TimeSpan.Zero ? check : null,
    };

    private static RequestLimits Limits(Settings settings)
    {
        var interval = settings.Duration("grpc-keepalive-interval");
        return new RequestLimits
        {
            TxnOperationsMax = settings.Count("max-txn-ops"),
            RequestBytesMax = settings.Count("max-request-bytes"),
            ConcurrentStreamsMax = settings.Count("max-concurrent-streams"),
            RequestsInFlightMax = NullIfZero(settings.Count("max-requests-in-flight")),
            BytesInFlightMax = NullIfZero(settings.Integer("max-bytes-in-flight")),
            ConnectionBytesInFlightMax = NullIfZero(settings.Integer("max-connection-bytes-in-flight")),
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
            DataMarker = settings.Text("data-marker") is { Length: > 0 } marker ? marker : null,
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
            BatchRevisions = batch == 0 ? DefaultCompactionBatch : batch,
        };
    }

    private static CorruptionSettings Corruption(Settings settings, FeatureGates gates)
    {
        TimeSpan current = Newer(settings, "corrupt-check-time");
        return new CorruptionSettings
        {
            HasInitialCheck = gates.IsOn(FeatureGates.InitialCorruptCheck),
            CompactionInterval = gates.IsOn(FeatureGates.CompactHashCheck)
                ? Newer(settings, "compact-hash-check-time")
                : null,
            CurrentInterval = current > TimeSpan.Zero ? current : null,
        };
    }

    // By its name, or by that of etcd 3.5.
    private static TimeSpan Newer(Settings settings, string name) =>
        settings.Duration(settings.IsGiven(name) ? name : $"experimental-{name}");

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

    private static AuthSettings Auth(Settings settings)
    {
        int cost = settings.Count("bcrypt-cost");
        bool isValid = cost is >= BcryptCostMin and <= BcryptCostMax;
        if (!isValid)
        {
            settings.Notices.Add(new(
                LogLevel.Warning,
                "use default bcrypt cost instead of the invalid given cost",
                "given-cost",
                settings.Text("bcrypt-cost")));
        }

        return new AuthSettings
        {
            BcryptCost = isValid ? cost : DefaultBcryptCost,
            TokenLifetime = TimeSpan.FromSeconds(settings.Count("auth-token-ttl")),
        };
    }

    private static TimeSpan AtLeast(TimeSpan least, TimeSpan wanted) => wanted < least ? least : wanted;

    private static int? NullIfZero(int value) => value == 0 ? null : value;

    private static long? NullIfZero(long value) => value == 0 ? null : value;
}
