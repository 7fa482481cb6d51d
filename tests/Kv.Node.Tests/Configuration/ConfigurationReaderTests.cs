using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Configuration;

/// <summary>What the settings come to; what is refused stands in the transcripts.</summary>
public sealed class ConfigurationReaderTests
{
    [Fact]
    public void Without_flags_it_is_what_etcd_is_without_flags()
    {
        NodeConfiguration configuration = Read();

        Assert.Equal("default", configuration.Member.Name);
        Assert.Equal("http://localhost:2379", Assert.Single(configuration.Member.ListenClientUrls).ToString());
        Assert.Equal("http://localhost:2380", Assert.Single(configuration.Member.AdvertisePeerUrls).ToString());
        Assert.Empty(configuration.Member.ListenMetricsUrls);
        Assert.Equal("default", Assert.Single(configuration.Bootstrap.Members).Name);
        Assert.Equal("default.etcd/member/snap/db", configuration.Storage.Files.PageFile);
        Assert.Equal("default.etcd/member/wal", configuration.Storage.Files.Log);
        Assert.Equal(2L << 30, configuration.Storage.QuotaBytes);
        Assert.Equal(TimeSpan.FromMilliseconds(100), configuration.Storage.BatchInterval);
        Assert.Equal(10_000, configuration.Storage.BatchOperationsMax);
        Assert.Equal(10, configuration.Timing.ElectionTicks);
        Assert.Equal(TimeSpan.FromSeconds(7), configuration.Timing.RequestTimeout);
        Assert.Equal(int.MaxValue, configuration.Limits.ConcurrentStreamsMax);
        Assert.Equal(TimeSpan.FromHours(2), configuration.Limits.KeepAliveInterval);
        Assert.Equal(new AutoCompaction.Off(), configuration.Compaction.Auto);
        Assert.Equal(LogLevel.Information, configuration.Log.Level);
        Assert.Equal(["stderr"], configuration.Log.Outputs);
        Assert.False(configuration.HasExtensiveMetrics);
    }

    [Fact]
    public void A_member_with_a_name_is_its_own_cluster()
    {
        NodeConfiguration configuration =
            Read("--name", "m1", "--initial-advertise-peer-urls", "http://10.0.0.1:2380,http://10.0.0.2:2380");

        InitialMember member = Assert.Single(configuration.Bootstrap.Members);
        Assert.Equal("m1", member.Name);
        Assert.Equal(["http://10.0.0.1:2380", "http://10.0.0.2:2380"], member.PeerUrls.Select(url => url.ToString()));
        Assert.Equal("m1.etcd", configuration.Storage.DataDirectory);
    }

    [Fact]
    public void A_log_directory_of_its_own_is_used_as_it_is()
    {
        StorageSettings storage = Read("--data-dir", "/d", "--wal-dir", "/w").Storage;

        Assert.Equal("/w", storage.Files.Log);
        Assert.Equal("/d/member/snap", storage.Files.Snapshots);
    }

    [Theory]
    [InlineData("periodic", "5", 5 * 60)]
    [InlineData("periodic", "90m", 90)]
    public void Retention_by_age(string mode, string retention, int minutes) =>
        Assert.Equal(
            new AutoCompaction.ByAge(TimeSpan.FromMinutes(minutes)),
            Read("--auto-compaction-mode", mode, "--auto-compaction-retention", retention).Compaction.Auto);

    [Fact]
    public void Retention_by_revisions() =>
        Assert.Equal(
            new AutoCompaction.ByRevisions(1000),
            Read("--auto-compaction-mode=revision", "--auto-compaction-retention=1000").Compaction.Auto);

    [Fact]
    public void Zero_and_less_mean_defaults_or_no_limit()
    {
        NodeConfiguration configuration = Read(
            "--quota-backend-bytes=-1", "--max-wals=0", "--max-snapshots=0", "--grpc-keepalive-interval=0s");

        Assert.Null(configuration.Storage.QuotaBytes);
        Assert.Null(configuration.Storage.LogFilesMax);
        Assert.Null(configuration.Storage.SnapshotFilesMax);
        Assert.Null(configuration.Limits.KeepAliveInterval);
    }

    [Theory]
    [InlineData("4", 4)]
    [InlineData("31", 31)]
    [InlineData("3", 10)]
    [InlineData("99", 10)]
    public void A_cost_that_no_hash_can_have_is_the_default(string given, int cost) =>
        Assert.Equal(cost, Read("--bcrypt-cost", given).Auth.BcryptCost);

    [Fact]
    public void Tokens_live_as_long_as_is_said()
    {
        Assert.Equal(TimeSpan.FromMinutes(5), Read().Auth.TokenLifetime);
        Assert.Equal(TimeSpan.FromSeconds(7), Read("--auth-token-ttl", "7").Auth.TokenLifetime);
    }

    [Fact]
    public void Messages_may_be_as_large_as_a_request_and_half_a_mebibyte()
    {
        Assert.Equal(1_572_864 + 524_288, Read().Limits.MessageBytesMax);
        Assert.Equal(1000 + 524_288, Read("--max-request-bytes", "1000").Limits.MessageBytesMax);
        Assert.Equal(int.MaxValue, Read("--max-request-bytes", "9999999999").Limits.MessageBytesMax);
    }

    [Fact]
    public void A_gate_of_its_own_goes_before_its_group()
    {
        FeatureGates gates = Read("--feature-gates=AllAlpha=true,LeaseCheckpoint=false,AllBeta=false").Features;

        Assert.True(gates.IsOn("CompactHashCheck"));
        Assert.False(gates.IsOn("LeaseCheckpoint"));
        Assert.False(gates.IsOn("FastLeaseKeepAlive"));
    }

    [Fact]
    public void Log_outputs_are_named_once()
    {
        LogSettings log =
            Read("--log-outputs=default,stderr,/tmp/x.log", "--log-level=debug", "--log-format=console").Log;

        Assert.Equal(["stderr", "/tmp/x.log"], log.Outputs);
        Assert.Equal(LogLevel.Debug, log.Level);
        Assert.False(log.IsJson);
    }

    [Fact]
    public void Etcds_sample_file_sets_what_it_says()
    {
        const string Yaml = """
            # This is the configuration of a lone server.
            name: 'm1'
            data-dir: /var/lib/m1
            snapshot-count: 5000
            heartbeat-interval: 200
            election-timeout: 2000
            quota-backend-bytes: 0
            listen-client-urls: http://localhost:2379,http://127.0.0.1:4001
            advertise-client-urls: http://localhost:2379
            cors:
            initial-cluster:
            proxy: 'off'
            client-transport-security:
              cert-file:
              client-cert-auth: false
            log-outputs: [stderr]
            auto-compaction-mode: periodic
            auto-compaction-retention: "1"
            """;

        NodeConfiguration configuration = Start(
            ConfigurationReader.Read(
                ["--config-file=f"], new(new Dictionary<string, string>(), _ => Yaml, _ => false)));

        Assert.Equal("m1", Assert.Single(configuration.Bootstrap.Members).Name);
        Assert.Equal(5000, configuration.Storage.SnapshotEntries);
        Assert.Equal(2, configuration.Member.ListenClientUrls.Count);
        Assert.Equal(["*"], configuration.Http.Origins);
        Assert.Equal(new AutoCompaction.ByAge(TimeSpan.FromHours(1)), configuration.Compaction.Auto);
    }

    internal static NodeConfiguration Read(params string[] arguments) =>
        Start(ConfigurationReader.Read(
            arguments, new(new Dictionary<string, string>(), _ => throw new FileNotFoundException(), _ => false)));

    private static NodeConfiguration Start(ConfigurationOutcome outcome) =>
        Assert.IsType<ConfigurationOutcome.Start>(outcome).Configuration;
}
