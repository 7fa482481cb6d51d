namespace Kv.Server.Configuration;

/// <summary>The rows of <see cref="FlagTable"/>, in the order in which they are shown.</summary>
internal static class FlagList
{
    private const string Rotated = "leave that to what runs the node: it writes to stderr, or to files that can be cut";
    private const string Rotation =
        """{"maxsize":100,"maxage":0,"maxbackups":0,"localtime":false,"compress":false}""";

    private static readonly string[] RemovedNames =
    [
        "cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "config", "force", "max-result-buffer",
        "max-retry-attempts", "peer-heartbeat-interval", "peer-election-timeout", "retry-interval", "snapshot", "v",
        "vv",
    ];

    // Called experimental-... by etcd 3.5 and 3.6.
    private static readonly string[] FormerlyExperimental =
    [
        "bootstrap-defrag-threshold-megabytes", "compaction-batch-limit", "compaction-sleep-interval",
        "distributed-tracing-address", "distributed-tracing-instance-id", "distributed-tracing-sampling-rate",
        "distributed-tracing-service-name", "downgrade-check-time", "enable-distributed-tracing", "max-learners",
        "memory-mlock", "snapshot-catchup-entries", "warning-apply-duration", "warning-unary-request-duration",
        "watch-progress-notify-interval",
    ];

    private static readonly Flag[] Present =
    [
        .. Group("Member", MemberFlags()),
        .. Group("Storage", StorageFlags()),
        .. Group("Requests", RequestFlags()),
        .. Group("Cluster", ClusterFlags()),
        .. Group("Discovery", DiscoveryFlags()),
        .. Group("Security", SecurityFlags()),
        .. Group("Authentication", AuthFlags()),
        .. Group("Compaction and checks", CompactionFlags()),
        .. Group("Logging", LogFlags()),
        .. Group("Metrics and tracing", MetricFlags()),
        .. Group("Start", StartFlags()),
    ];

    public static readonly Flag[] Rows =
    [
        .. Present,
        .. Group("Names of etcd 3.5", FormerFlags()),
        .. Group("Gone with API v2", GoneFlags()),
        .. Group("Given up", RemovedFlags()),
    ];

    private static IEnumerable<Flag> Group(string name, IEnumerable<Flag> flags) =>
        flags.Select(flag => flag with { Group = name });

    private static Flag[] MemberFlags() =>
    [
        Text("name", "default", "Name of this member, unique in its cluster."),
        Urls("listen-peer-urls", "http://localhost:2380", "Where to listen for other members."),
        Urls("listen-client-urls", "http://localhost:2379", "Where to listen for clients, gRPC and HTTP."),
        Urls("listen-client-http-urls", "", "Where to serve HTTP to clients; the client URLs then serve gRPC only."),
        Urls("listen-metrics-urls", "", "Where to serve /metrics and the health checks besides."),
        Urls("initial-advertise-peer-urls", "http://localhost:2380", "Where other members find this one."),
        Urls("advertise-client-urls", "http://localhost:2379", "Where clients find this member; to be given if " +
            "listen-client-urls is."),
        Count("heartbeat-interval", "100", "Milliseconds between heartbeats of a leader."),
        Count("election-timeout", "1000", "Milliseconds without a leader until an election; at least 5 heartbeats."),
        Switch("initial-election-tick-advance", "true", "Whether the first election after a start comes sooner."),
        Switch("pre-vote", "true", "Whether a candidate first asks if it could win, so that it disturbs nobody."),
        Duration("raft-read-timeout", "5s", "How long to wait for bytes from a peer; less than 5s is 5s."),
        Duration("raft-write-timeout", "5s", "How long to wait for a peer to take bytes; less than 5s is 5s."),
    ];

    private static Flag[] StorageFlags() =>
    [
        Text("data-dir", "", "Directory of all data; NAME.etcd if empty."),
        Text("wal-dir", "", "Directory of the write-ahead log, if it shall have its own."),
        Count("snapshot-count", "10000", "Applied entries after which a snapshot is noted and the log released."),
        Count("snapshot-catchup-entries", "5000", "Entries kept in memory after a snapshot, for slow followers."),
        Count("max-snapshots", "5", "Snapshot files to keep; 0 keeps all."),
        Count("max-wals", "5", "Log files to keep; 0 keeps all."),
        Text("data-marker", "", "A file elsewhere that is made once there is data; a member that finds it and no "
            + "data refuses to start."),
        Number("quota-backend-bytes", "0", "Size at which writes are refused; 0 is 2 GiB, negative is none."),
        Duration("backend-batch-interval", "0s", "Longest wait before applied changes are committed to the page " +
            "file; 0 is 100ms."),
        Number("backend-batch-limit", "0", "Most changes in one commit of the page file; 0 is 10000."),
        Text("backend-bbolt-freelist-type", "map", "How free pages are kept.").OneOf("map", "array")
            .Ignored("there is one kind here"),
        Count("bootstrap-defrag-threshold-megabytes", "0", "Free space at which a start defragments first.")
            .Ignored("the page file is compacted while it serves"),
        Switch("memory-mlock", "false", "Keep the process in memory.").Ignored("not done by this server"),
        Switch("unsafe-no-fsync", "false", "Do not wait for the disk: a crash then loses acknowledged writes."),
    ];

    private static Flag[] RequestFlags() =>
    [
        Count("max-txn-ops", "128", "Most operations in one transaction."),
        Count("max-request-bytes", "1572864", "Largest request, in bytes."),
        Count("max-concurrent-streams", "4294967295", "Most concurrent calls of one client connection."),
        Count("max-requests-in-flight", "0", "Most calls of all clients at once; more are refused with " +
            "ResourceExhausted. 0 is as many as half of the memory has room for at 16 KiB each, 5000 at least. " +
            "Leases kept alive and revoked, watches, health, Status, MemberList and Compact are not counted. " +
            "Not a flag of etcd."),
        Count("max-bytes-in-flight", "0", "Most bytes that requests and answers under way hold, those above 4 KiB; " +
            "a call that would hold more is refused. 0 is a quarter of the memory. Not a flag of etcd."),
        Count("max-connection-bytes-in-flight", "0", "The same for the calls of one connection; 0 is half of that " +
            "for all. Not a flag of etcd."),
        Duration("grpc-keepalive-min-time", "5s", "How often, at most, a client may ping.")
            .Ignored("pings are answered however often they come"),
        Duration("grpc-keepalive-interval", "2h", "How often an idle client is pinged; 0 never."),
        Duration("grpc-keepalive-timeout", "20s", "How long to wait for its answer."),
        Switch("socket-reuse-port", "false", "Let other processes listen on the same ports.")
            .Ignored("not done by this server"),
        Switch("socket-reuse-address", "false", "Listen on a port whose last connections linger.")
            .Ignored("always so"),
        Duration("watch-progress-notify-interval", "10m", "How often a quiet watcher that asked for it is told."),
        Duration("warning-apply-duration", "100ms", "Log entries that take longer to apply."),
        Duration("warning-unary-request-duration", "300ms", "Log requests that take longer."),
        Switch("enable-grpc-gateway", "true", "Serve the JSON form of the API."),
        List("cors", "*", "Origins that browsers may call from."),
        List("host-whitelist", "*", "Host names that plain HTTP requests may ask for."),
    ];

    private static Flag[] ClusterFlags() =>
    [
        Text("initial-cluster", "default=http://localhost:2380", "The members of a new cluster: NAME=URL,..."),
        Text("initial-cluster-state", "new", "Whether to start a cluster or to join one.").OneOf("new", "existing"),
        Text("initial-cluster-token", "etcd-cluster", "Tells clusters of the same members apart."),
        Switch("strict-reconfig-check", "true", "Refuse membership changes that could cost the quorum."),
        Count("max-learners", "1", "Most learners at a time."),
        Switch("force-new-cluster", "false", "Make this member a cluster of its own: the others are lost for good."),
        Text("announced-version", ProductText.ServerVersion, "The version of etcd that this member says it is."),
        Duration("downgrade-check-time", "5s", "How often to look whether a downgrade is finished; 0 never."),
        Text("v2-deprecation", "write-only", "What is left of API v2.")
            .OneOf("not-yet", "write-only", "write-only-drop-data", "gone").Ignored("API v2 is gone"),
    ];

    private static Flag[] DiscoveryFlags() =>
    [
        List("discovery-endpoints", "", "A cluster to meet the other members through.").Unsupported(),
        Text("discovery-token", "", "The meeting's name.").Unsupported(),
        Duration("discovery-dial-timeout", "2s", "How long to try to connect to it.").Unsupported(),
        Duration("discovery-request-timeout", "5s", "How long to wait for its answers.").Unsupported(),
        Duration("discovery-keepalive-time", "2s", "How often to ping it.").Unsupported(),
        Duration("discovery-keepalive-timeout", "6s", "How long to wait for its pongs.").Unsupported(),
        Switch("discovery-insecure-transport", "true", "Talk to it without TLS.").Unsupported(),
        Switch("discovery-insecure-skip-tls-verify", "false", "Trust any certificate of it.").Unsupported(),
        Text("discovery-cert", "", "Certificate to show it.").Unsupported(),
        Text("discovery-key", "", "Key of that certificate.").Unsupported(),
        Text("discovery-cacert", "", "Authorities to check it by.").Unsupported(),
        Text("discovery-user", "", "User to log in as.").Unsupported() with { IsSecret = true },
        Text("discovery-password", "", "Password of that user.").Unsupported() with { IsSecret = true },
        Text("discovery-fallback", "exit", "What to do when it fails.").OneOf("exit").Unsupported(),
        Text("discovery-srv", "", "Domain whose SRV records name the members.").Unsupported(),
        Text("discovery-srv-name", "", "Suffix of the SRV records' names.").Unsupported(),
    ];

    private static Flag[] SecurityFlags() =>
    [
        Text("cert-file", "", "Certificate to show clients, with those of its issuers after it. PEM, as all of these " +
            "files; they are read again when they change."),
        Text("key-file", "", "Key of that certificate."),
        Text("client-cert-file", "", "Certificate to show when calling as a client; else cert-file."),
        Text("client-key-file", "", "Key of that certificate."),
        Switch("client-cert-auth", "false", "Demand certificates of clients. Once authentication is on, their common " +
            "names are users."),
        Text("client-crl-file", "", "Revoked certificates of clients, PEM or DER."),
        List("client-cert-allowed-hostname", "", "Hosts, for one of which a client's certificate must be made."),
        List("client-cert-allowed-cn", "", "Common names that clients' certificates may have. etcd knows it in its " +
            "file only."),
        Text("trusted-ca-file", "", "Authorities to check clients by; who connects must then show a certificate."),
        Switch("auto-tls", "false", "Make a certificate in DATA-DIR/fixtures/client if cert-file is not given."),
        Text("peer-cert-file", "", "Certificate to show other members."),
        Text("peer-key-file", "", "Key of that certificate."),
        Text("peer-client-cert-file", "", "Certificate to show when calling another member; else peer-cert-file."),
        Text("peer-client-key-file", "", "Key of that certificate."),
        Switch("peer-client-cert-auth", "false", "Demand certificates of other members."),
        Text("peer-trusted-ca-file", "", "Authorities to check other members by."),
        Switch("peer-auto-tls", "false", "Make a certificate in DATA-DIR/fixtures/peer if peer-cert-file is not " +
            "given."),
        Count("self-signed-cert-validity", "1", "Years for which a certificate made here is valid."),
        Text("peer-crl-file", "", "Revoked certificates of other members, PEM or DER."),
        List("peer-cert-allowed-cn", "", "Common names that other members' certificates may have."),
        List("peer-cert-allowed-hostname", "", "Hosts, for one of which a member's certificate must be made."),
        List("cipher-suites", "", "Cipher suites of TLS 1.2 that may be used; the system's choice if empty."),
        Switch("peer-skip-client-san-verification", "false", "Do not compare a member's address with its certificate."),
        Switch("experimental-peer-skip-client-san-verification", "false", "What etcd 3.5 calls " +
            "peer-skip-client-san-verification."),
        Text("tls-min-version", "TLS1.2", "Oldest version of TLS to speak.").OneOf("", "TLS1.2", "TLS1.3"),
        Text("tls-max-version", "", "Newest version of TLS to speak.").OneOf("", "TLS1.2", "TLS1.3"),
    ];

    private static Flag[] AuthFlags() =>
    [
        Text("auth-token", "simple", "Kind of token that users are given: simple, or " +
            "jwt,sign-method=METHOD,pub-key=FILE,priv-key=FILE,ttl=TIME."),
        Count("bcrypt-cost", "10", "Work to hash a password, 4 to 31; anything else is 10."),
        Count("auth-token-ttl", "300", "Seconds for which an unused simple token lives."),
    ];

    private static Flag[] CompactionFlags() =>
    [
        Text("auto-compaction-mode", "periodic", "What retention means: time or revisions.")
            .OneOf("periodic", "revision"),
        Text("auto-compaction-retention", "0", "History to keep: a time (a bare number is hours) or a number of " +
            "revisions; 0 keeps all."),
        Number("compaction-batch-limit", "1000", "Revisions that one step of a compaction looks at; 0 is 1000."),
        Duration("compaction-sleep-interval", "10ms", "Rest between such steps.")
            .Ignored("steps are short and give way to all other work"),
        Duration("corrupt-check-time", "0s", "How often the leader compares all keys of all members; 0 never."),
        Duration("compact-hash-check-time", "1m", "How often the leader compares the hashes of compactions."),
        Text("feature-gates", "", "Features to turn on or off: A=true,B=false."),
        Switch("experimental-initial-corrupt-check", "true", "Whether a member that starts compares itself with the "
            + "others first; in etcd 3.5, today the gate InitialCorruptCheck."),
        Switch("experimental-compact-hash-check-enabled", "true", "Whether hashes of compactions are compared; in "
            + "etcd 3.5, today the gate CompactHashCheck."),
        Switch("experimental-enable-lease-checkpoint", "false", "The gate LeaseCheckpoint in etcd 3.5."),
        Switch("experimental-enable-lease-checkpoint-persist", "false", "The gate LeaseCheckpointPersist in etcd 3.5."),
        Switch("experimental-set-member-localaddr", "false", "The gate SetMemberLocalAddr in etcd 3.6."),
        Switch("experimental-stop-grpc-service-on-defrag", "false", "The gate StopGRPCServiceOnDefrag in etcd 3.5."),
        Switch("experimental-txn-mode-write-with-shared-buffer", "true", "The gate TxnModeWriteWithSharedBuffer in "
            + "etcd 3.5."),
        Duration("experimental-corrupt-check-time", "0s", "--corrupt-check-time in etcd 3.5."),
        Duration("experimental-compact-hash-check-time", "1m", "--compact-hash-check-time in etcd 3.5."),
    ];

    private static Flag[] LogFlags() =>
    [
        Text("logger", "zap", "The one kind of logger there is.").OneOf("zap").Ignored("there is one kind"),
        List("log-outputs", "default", "Where to write: default, stderr, stdout, or paths of files."),
        Text("log-level", "info", "What to leave out.").OneOf("debug", "info", "warn", "error", "panic", "fatal"),
        Text("log-format", "json", "How lines look.").OneOf("json", "console"),
        Switch("enable-log-rotation", "false", "Begin a new log file when one is full.").Unsupported(Rotated),
        Text("log-rotation-config-json", Rotation, "When a log file is full.").Unsupported(Rotated),
    ];

    private static Flag[] MetricFlags() =>
    [
        Text("metrics", "basic", "Whether to time every call too.").OneOf("basic", "extensive"),
        Switch("enable-pprof", "false", "Serve profiles of a Go program.").Ignored("this is not one"),
        Switch("enable-distributed-tracing", "false", "Export traces by OTLP."),
        Text("distributed-tracing-address", "localhost:4317", "Collector, host:port, gRPC."),
        Text("distributed-tracing-service-name", "etcd", "As which service."),
        Text("distributed-tracing-instance-id", "", "As which instance; the member's name if empty."),
        Number("distributed-tracing-sampling-rate", "0", "How many of a million traces that begin here are " +
            "exported; those that clients began are as they decided."),
    ];

    private static Flag[] StartFlags() =>
    [
        Text("config-file", "", "YAML file with all settings; other flags and the environment then count for nothing."),
        Switch("version", "false", "Print the version and exit."),
    ];

    private static IEnumerable<Flag> FormerFlags() =>
        from name in FormerlyExperimental
        let now = Present.Single(flag => flag.Name == name)
        select new Flag("", $"experimental-{name}", now.Kind, now.Default, $"--{name} in etcd 3.5.")
        {
            State = FlagState.Former,
            Successor = name,
        };

    private static IEnumerable<Flag> GoneFlags() =>
    [
        Switch("enable-v2", "false", "Serve API v2.").Gone(),
        Text("experimental-enable-v2v3", "", "Serve it out of keys of API v3.").Gone(),
        Text("discovery", "", "Where a cluster meets by API v2.").Gone(),
        Text("discovery-proxy", "", "A proxy on the way there.").Gone(),
        Text("proxy", "off", "Pass requests of API v2 on.").OneOf("off", "readonly", "on").Gone(),
        Count("proxy-failure-wait", "5000", "As it says.").Gone(),
        Count("proxy-refresh-interval", "30000", "As it says.").Gone(),
        Count("proxy-dial-timeout", "1000", "As it says.").Gone(),
        Count("proxy-write-timeout", "5000", "As it says.").Gone(),
        Count("proxy-read-timeout", "0", "As it says.").Gone(),
    ];

    private static IEnumerable<Flag> RemovedFlags() =>
        RemovedNames.Select(name => Switch(name, "false", "Nothing.") with { State = FlagState.Removed });

    private static Flag Text(string name, string value, string description) =>
        new("", name, FlagKind.Text, value, description);

    private static Flag Switch(string name, string value, string description) =>
        new("", name, FlagKind.Switch, value, description);

    private static Flag Number(string name, string value, string description) =>
        new("", name, FlagKind.Number, value, description);

    private static Flag Count(string name, string value, string description) =>
        new("", name, FlagKind.Count, value, description);

    private static Flag Duration(string name, string value, string description) =>
        new("", name, FlagKind.Duration, value, description);

    private static Flag Urls(string name, string value, string description) =>
        new("", name, FlagKind.Urls, value, description);

    private static Flag List(string name, string value, string description) =>
        new("", name, FlagKind.List, value, description);

    private static Flag Ignored(this Flag flag, string reason) =>
        flag with { State = FlagState.Ignored, Reason = reason };

    private static Flag Unsupported(this Flag flag, string reason = "name the members by --initial-cluster instead") =>
        flag with { State = FlagState.Unsupported, Reason = reason };

    private static Flag Gone(this Flag flag) =>
        flag with { State = FlagState.Gone, Reason = "etcd 3.6 has no API v2 any more, nor has this server" };

    private static Flag OneOf(this Flag flag, params string[] choices) => flag with { Choices = choices };
}
