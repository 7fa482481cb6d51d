using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>Reads <c>ETCD_*</c> variables for the flags that the command line leaves open. One that is given both ways
/// is a fault: which of the two was meant, nobody can say.</summary>
internal static class EnvironmentReader
{
    // Read by others than the flags: never called unknown.
    private static readonly string[] Special = ["ETCD_UNSUPPORTED_ARCH", "ETCD_VERIFY", "ETCD_CONFIG_FILE"];

    private static readonly Dictionary<string, Flag> ByVariable =
        FlagTable.All.ToDictionary(flag => flag.EnvironmentName, StringComparer.Ordinal);

    public static void Read(IReadOnlyDictionary<string, string> environment, Settings settings)
    {
        foreach ((string variable, string text) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            bool isOurs = variable.StartsWith(FlagTable.EnvironmentPrefix, StringComparison.Ordinal);
            if (!isOurs || text.Length == 0 || Special.Contains(variable))
                continue;

            // The value is not told: an unknown variable may well hold a password.
            if (!ByVariable.TryGetValue(variable, out var flag) || flag.Name == "version")
                settings.Notices.Add(Notice(LogLevel.Warning, "unrecognized environment variable", variable));
            else if (settings.IsGiven(flag.Name))
                settings.Faults.Add(Shadowed(variable));
            else
                Give(settings, flag, text);
        }
    }

    private static void Give(Settings settings, Flag flag, string text)
    {
        settings.Give(flag, text, SettingOrigin.Environment);
        settings.Notices.Add(
            Notice(LogLevel.Information, "recognized and used environment variable", flag.EnvironmentName));
    }

    private static ConfigurationNotice Notice(LogLevel level, string message, string variable) =>
        new(level, message, "environment-variable", variable);

    private static string Shadowed(string variable) =>
        $"conflicting environment variable \"{variable}\" is shadowed by corresponding command-line flag " +
        "(either unset environment variable or disable flag)";
}
