using System.Text;

namespace Kv.Server.Configuration;

/// <summary>What no single flag can get wrong, but several together can; in etcd's words where it has some.</summary>
internal static class ConfigurationRules
{
    private const long ElectionMillisecondsMax = 50_000;
    private const int HeartbeatsPerElectionMin = 5;
    private const int SocketNameBytesMax = 107; // what Linux has room for, without the zero at the end

    private static readonly string[] Listeners =
        ["listen-peer-urls", "listen-client-urls", "listen-client-http-urls", "listen-metrics-urls"];

    private static readonly string[] Positive =
        ["max-txn-ops", "max-request-bytes", "max-concurrent-streams", "snapshot-count"];

    private static readonly string[] PositiveTimes =
        ["compact-hash-check-time", "experimental-compact-hash-check-time"];

    private static readonly string[] NotNegative = ["backend-batch-limit", "compaction-batch-limit"];

    private static readonly string[] NotNegativeTimes =
    [
        "backend-batch-interval", "compaction-sleep-interval", "grpc-keepalive-min-time", "grpc-keepalive-interval",
        "grpc-keepalive-timeout", "warning-apply-duration", "warning-unary-request-duration",
        "corrupt-check-time", "experimental-corrupt-check-time",
    ];

    /// <summary>Adds what is wrong to <see cref="Settings.Faults"/>.</summary>
    public static void Check(Settings settings)
    {
        foreach (var flag in settings.Changed().Where(flag => flag.State == FlagState.Unsupported))
            settings.Faults.Add($"--{flag.Name} is not supported yet: {flag.Reason}");

        foreach (var flag in settings.Changed().Where(flag => flag.State == FlagState.Gone))
            settings.Faults.Add($"--{flag.Name} is not supported: {flag.Reason}");
        foreach (var flag in FlagTable.All.Where(flag => flag.State == FlagState.Former))
        {
            if (settings.IsGiven(flag.Name) && settings.IsGiven(flag.Successor!))
            {
                settings.Faults.Add(
                    $"cannot specify both flags: --{flag.Name} and --{flag.Successor} at the same time");
            }
        }

        foreach (string name in Listeners)
            CheckCanBeBound(settings, name);
        if (!Version.TryParse(settings.Text("announced-version"), out Version? announced) || announced.Build < 0)
            settings.Faults.Add("--announced-version must be MAJOR.MINOR.PATCH");
        CheckAdvertised(settings, "initial-advertise-peer-urls");
        CheckAdvertised(settings, "advertise-client-urls");
        CheckTiming(settings);
        CheckLimits(settings);

        bool isAdvertised = settings.IsGiven("advertise-client-urls") || !settings.AreSound("advertise-client-urls");
        if (settings.IsGiven("listen-client-urls") && !isAdvertised)
            settings.Faults.Add("--advertise-client-urls is required when --listen-client-urls is set explicitly");
    }

    private static void CheckCanBeBound(Settings settings, string name)
    {
        foreach (var url in settings.Urls(name))
        {
            if (!url.CanBeBound)
                settings.Faults.Add($"--{name}: expected IP in URL for binding ({url})");
            if (url.IsUnix && Encoding.UTF8.GetByteCount(url.Host) > SocketNameBytesMax)
                settings.Faults.Add($"--{name}: the name of a socket has at most {SocketNameBytesMax} bytes ({url})");
        }

        if (settings.Urls(name).Count == 0 && FlagTable.Find(name)!.Default.Length > 0)
            settings.Faults.Add($"--{name} must name at least one URL");
    }

    private static void CheckAdvertised(Settings settings, string name)
    {
        foreach (var url in settings.Urls(name).Where(url => url.Host.Length == 0))
        {
            settings.Faults.Add(
                $"--{name} \"{settings.Text(name)}\" must be \"host:port\" (unexpected empty host ({url}))");
        }

        if (settings.Urls(name).Count == 0)
            settings.Faults.Add($"--{name} must name at least one URL");
    }

    private static void CheckTiming(Settings settings)
    {
        long heartbeat = settings.Integer("heartbeat-interval");
        long election = settings.Integer("election-timeout");
        if (heartbeat == 0)
            settings.Faults.Add("--heartbeat-interval must be >0 (set to 0ms)");
        if (election == 0)
            settings.Faults.Add("--election-timeout must be >0 (set to 0ms)");
        if (election > ElectionMillisecondsMax)
        {
            settings.Faults.Add(
                $"--election-timeout[{election}ms] is too long, " +
                $"and should be set less than {ElectionMillisecondsMax}ms");
        }

        bool areSound = settings.AreSound("heartbeat-interval", "election-timeout");
        if (areSound && election > 0 && heartbeat > election / HeartbeatsPerElectionMin)
        {
            settings.Faults.Add(
                $"--election-timeout[{election}ms] should be at least as {HeartbeatsPerElectionMin} times " +
                $"as --heartbeat-interval[{heartbeat}ms]");
        }

        var progressMin = TimeSpan.FromMilliseconds(100);
        if (settings.Duration("watch-progress-notify-interval") < progressMin)
            settings.Faults.Add("--watch-progress-notify-interval must be at least 100ms");
    }

    private static void CheckLimits(Settings settings)
    {
        foreach (string name in Positive)
        {
            if (settings.Integer(name) == 0)
                settings.Faults.Add($"--{name} must be >0 (set to 0)");
        }

        foreach (string name in PositiveTimes)
        {
            if (settings.Duration(name) <= TimeSpan.Zero)
                settings.Faults.Add($"--{name} must be >0 (set to {settings.Text(name)})");
        }

        foreach (string name in NotNegative)
        {
            if (settings.Integer(name) < 0)
                settings.Faults.Add($"--{name} must not be negative (set to {settings.Text(name)})");
        }

        foreach (string name in NotNegativeTimes)
        {
            if (settings.Duration(name) < TimeSpan.Zero)
                settings.Faults.Add($"--{name} must not be negative (set to {settings.Text(name)})");
        }
    }
}
