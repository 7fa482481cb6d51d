using System.Collections;
using System.Reflection;
using Kv.Server.Configuration;

namespace Kv.Node.Tests.Configuration;

/// <summary>Whether a setting is given by a flag, a variable or the file, it comes to the same.</summary>
public sealed class FlagSourcesTests
{
    // No settings of the node, and files that are read: those stand in the transcripts.
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "auth-token", "config-file", "peer-cert-file", "peer-key-file", "peer-trusted-ca-file", "version",
    };

    private static readonly Dictionary<string, string> Values = new(StringComparer.Ordinal)
    {
        ["announced-version"] = "3.5.9",
        ["auto-compaction-retention"] = "3h",
        ["cipher-suites"] = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ["distributed-tracing-address"] = "other:4317",
        ["feature-gates"] = "InitialCorruptCheck=false",
        ["initial-cluster"] = "default=http://localhost:2380,b=http://127.0.0.1:4001",
        ["max-concurrent-streams"] = "100",
    };

    // What means nothing without another setting.
    private static readonly Dictionary<string, (string Name, string Value)> Companions = new(StringComparer.Ordinal)
    {
        ["auto-compaction-mode"] = ("auto-compaction-retention", "5"),
        ["distributed-tracing-address"] = ("enable-distributed-tracing", "true"),
        ["distributed-tracing-instance-id"] = ("enable-distributed-tracing", "true"),
        ["distributed-tracing-sampling-rate"] = ("enable-distributed-tracing", "true"),
        ["distributed-tracing-service-name"] = ("enable-distributed-tracing", "true"),
        ["listen-client-urls"] = ("advertise-client-urls", "http://127.0.0.1:4001"),
    };

    public static TheoryData<string> Names =>
    [
        .. FlagTable.All.Where(flag => flag.State == FlagState.Implemented && !Others.Contains(flag.Name))
            .Select(flag => flag.Name),
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_means_the_same_wherever_it_stands(string name)
    {
        (string Name, string Value)[] without = Companions.TryGetValue(name, out var companion) ? [companion] : [];
        (string Name, string Value)[] with = [.. without, (name, ValueOf(FlagTable.Find(name)!))];

        string byFlag = ByFlags(with);

        Assert.NotEqual(ByFlags(without), byFlag);
        Assert.Equal(byFlag, Read([], with.ToDictionary(
            each => FlagTable.Find(each.Name)!.EnvironmentName, each => each.Value), ""));
        Assert.Equal(byFlag, Read(["--config-file=node.yaml"], [], string.Join(
            '\n', with.Select(each => $"{each.Name}: '{each.Value}'"))));
    }

    private static string ByFlags(IEnumerable<(string Name, string Value)> settings) =>
        Read([.. settings.Select(each => $"--{each.Name}={each.Value}")], [], "");

    private static string Read(string[] arguments, Dictionary<string, string> environment, string yaml)
    {
        var sources = new ConfigurationSources(environment, _ => yaml, _ => true);
        ConfigurationOutcome outcome = ConfigurationReader.Read(arguments, sources);
        if (outcome is ConfigurationOutcome.Refuse refusal)
            Assert.Fail(refusal.Error);
        return Describe(Assert.IsType<ConfigurationOutcome.Start>(outcome).Configuration);
    }

    /// <summary>A value that is not the default.</summary>
    private static string ValueOf(Flag flag) => flag switch
    {
        _ when Values.TryGetValue(flag.Name, out string? value) => value,
        { Choices.Count: > 0 } => flag.Choices.First(choice => choice.Length > 0 && choice != flag.Default),
        { Kind: FlagKind.Switch } => flag.Default == "true" ? "false" : "true",
        { Kind: FlagKind.Number or FlagKind.Count } => $"{7 + (long.Parse(flag.Default) / 2)}",
        { Kind: FlagKind.Duration } => "7m1s",
        { Kind: FlagKind.Urls } => "http://127.0.0.1:4001",
        { Kind: FlagKind.List } => "one,two",
        _ => "other",
    };

    /// <summary>All that a configuration holds, by the names of its properties.</summary>
    private static string Describe(object? value) => value switch
    {
        null => "null",
        string text => text,
        IEnumerable list => $"[{string.Join(',', list.Cast<object?>().Select(Describe))}]",
        _ when value.GetType() is { IsEnum: false } type
            && type.FullName!.StartsWith("Kv.", StringComparison.Ordinal) =>
            $"{type.Name}{{{string.Join(' ', type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => $"{property.Name}={Describe(property.GetValue(value))}"))}}}",
        _ => value.ToString()!,
    };
}
