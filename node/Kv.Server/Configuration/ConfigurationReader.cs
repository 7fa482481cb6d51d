using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>What came of reading: start, or print something and exit, or refuse.</summary>
public abstract record ConfigurationOutcome
{
    public sealed record Start(NodeConfiguration Configuration, IReadOnlyList<ConfigurationNotice> Notices)
        : ConfigurationOutcome;

    /// <summary>Help or version: exit code 0.</summary>
    public sealed record Print(string Output, string Error) : ConfigurationOutcome;

    /// <summary>One message with all faults: exit code 2.</summary>
    public sealed record Refuse(string Error) : ConfigurationOutcome;
}

/// <summary>The world outside, as far as configuration asks it anything.</summary>
/// <param name="Environment">All environment variables.</param>
/// <param name="ReadFile">The text of a file; throws <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>.</param>
/// <param name="HasData">Whether a member has lived in this directory before.</param>
public sealed record ConfigurationSources(
    IReadOnlyDictionary<string, string> Environment,
    Func<string, string> ReadFile,
    Func<StorageSettings, bool> HasData)
{
    /// <summary>The bytes of a file; throws as <see cref="ReadFile"/> does.</summary>
    public Func<string, byte[]> ReadBytes { get; init; } = File.ReadAllBytes;

    /// <summary>The name that the program was started by.</summary>
    public string Program { get; init; } = InvokedName.Own;
}

/// <summary>From flags, environment and file to a <see cref="NodeConfiguration"/>. As with etcd, a flag goes before a
/// variable, and a configuration file puts both aside.</summary>
public static class ConfigurationReader
{
    public static ConfigurationOutcome Read(IReadOnlyList<string> arguments, ConfigurationSources sources)
    {
        var settings = new Settings();
        if (!CommandLineReader.Read(arguments, settings))
            return new ConfigurationOutcome.Print(FlagTable.ToUsage(), ProductText.Usage(sources.Program));
        if (settings.Faults.Count == 0 && settings.Switch("version"))
            return new ConfigurationOutcome.Print(ProductText.Version(), "");

        ReadBeyondFlags(settings, sources);
        ConfigurationRules.Check(settings);
        var configuration = SettingsBinder.Bind(settings);
        configuration = configuration with
        {
            Auth = configuration.Auth with { Jwt = TokenRules.Read(settings, sources.ReadBytes) },
            Telemetry = TelemetryBinder.Bind(settings, sources.Environment),
        };
        bool isJudged = settings.AreSound("name", "initial-cluster", "initial-advertise-peer-urls");
        if (isJudged && !sources.HasData(configuration.Storage))
            BootstrapRules.Check(configuration.Bootstrap, configuration.Member, settings.Faults);
        TlsRules.Check(settings, configuration.Tls, configuration.Member);
        TlsRules.CheckFiles(configuration.Tls, configuration.Member, sources.ReadBytes, settings.Faults);
        AddNotices(settings);
        TlsRules.AddNotices(configuration.Tls, configuration.Member, settings.Notices);
        return settings.Faults.Count > 0
            ? Refusal(settings, sources.Program)
            : new ConfigurationOutcome.Start(configuration, settings.Notices);
    }

    private static void ReadBeyondFlags(Settings settings, ConfigurationSources sources)
    {
        string path = settings.IsGiven("config-file")
            ? settings.Text("config-file")
            : sources.Environment.GetValueOrDefault("ETCD_CONFIG_FILE", "");
        if (path.Length == 0)
        {
            EnvironmentReader.Read(sources.Environment, settings);
            return;
        }

        settings.Clear();
        settings.Notices.Add(new(
            LogLevel.Information,
            "loaded server configuration, other configuration command line flags and environment variables will be " +
            "ignored if provided",
            "path",
            path));
        try
        {
            new FileReader(path, settings).Read(sources.ReadFile(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            settings.Faults.Add($"open {path}: {fault.Message}");
        }
    }

    private static void AddNotices(Settings settings)
    {
        foreach (var flag in settings.Changed())
        {
            if (flag.State == FlagState.Removed)
            {
                string message = $"flag \"-{flag.Name}\" is no longer supported - ignoring";
                settings.Notices.Add(new(LogLevel.Warning, message));
            }
            else if (flag.State == FlagState.Former)
            {
                string message = $"flag \"-{flag.Name}\" is of etcd 3.5";
                settings.Notices.Add(new(LogLevel.Warning, message, "use-instead", $"--{flag.Successor}"));
            }
            else if (flag.State == FlagState.Ignored)
            {
                string message = $"flag \"-{flag.Name}\" has no effect";
                settings.Notices.Add(new(LogLevel.Warning, message, "reason", flag.Reason));
            }
        }

        const long RecommendedRequestBytesMax = 10 * 1024 * 1024;
        if (settings.Integer("max-request-bytes") > RecommendedRequestBytesMax)
        {
            settings.Notices.Add(new(
                LogLevel.Warning, "exceeded recommended request limit", "max-request-bytes",
                settings.Text("max-request-bytes")));
        }

        if (settings.Switch("unsafe-no-fsync"))
            settings.Notices.Add(new(LogLevel.Warning, "unsafe-no-fsync: a crash will lose acknowledged writes"));
    }

    private static ConfigurationOutcome.Refuse Refusal(Settings settings, string program)
    {
        string head = settings.Faults.Count == 1
            ? $"{program}: the configuration is wrong:"
            : $"{program}: {settings.Faults.Count} things are wrong in the configuration:";
        string faults = string.Concat(settings.Faults.Select(fault => $"  {fault}\n"));
        return new ConfigurationOutcome.Refuse($"{head}\n{faults}See '{program} --help'.\n");
    }
}
