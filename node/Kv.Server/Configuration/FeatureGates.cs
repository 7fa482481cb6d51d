namespace Kv.Server.Configuration;

/// <summary>A feature that can be turned on or off; alpha ones are off, beta ones on, unless said otherwise.</summary>
public sealed record FeatureGate(string Name, string Stage, bool IsOn);

/// <summary>etcd's feature gates. They are all known, so that its configurations are accepted, and shown in the metrics
/// as given; what a gate changes is up to who reads it.</summary>
public sealed record FeatureGates(IReadOnlyList<FeatureGate> All)
{
    private const string Alpha = "ALPHA";
    private const string Beta = "BETA";

    private static readonly FeatureGate[] Defaults =
    [
        new("AllAlpha", Alpha, IsOn: false),
        new("AllBeta", Beta, IsOn: false),
        new("CompactHashCheck", Alpha, IsOn: false),
        new("FastLeaseKeepAlive", Beta, IsOn: true),
        new("InitialCorruptCheck", Alpha, IsOn: false),
        new("LeaseCheckpoint", Alpha, IsOn: false),
        new("LeaseCheckpointPersist", Alpha, IsOn: false),
        new("SetMemberLocalAddr", Alpha, IsOn: false),
        new("StopGRPCServiceOnDefrag", Alpha, IsOn: false),
        new("TxnModeWriteWithSharedBuffer", Beta, IsOn: true),
    ];

    public bool IsOn(string name) => All.Single(gate => gate.Name == name).IsOn;

    /// <summary>Reads <c>A=true,B=false</c>. The groups AllAlpha and AllBeta set what is not named itself.</summary>
    internal static FeatureGates Read(string text, List<string> faults)
    {
        var given = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            (string name, string? value) = pair.Split('=', 2) is [var left, var right] ? (left, right) : (pair, null);
            if (!Defaults.Any(gate => gate.Name == name))
                faults.Add($"invalid value \"{text}\" for flag -feature-gates: unrecognized feature gate: {name}");
            else if (value is null)
                faults.Add($"invalid value \"{text}\" for flag -feature-gates: missing bool value for {name}");
            else if (!FlagText.TryParseSwitch(value, out bool isOn))
                faults.Add($"invalid value \"{text}\" for flag -feature-gates: invalid value of {name}: {value}");
            else
                given[name] = isOn;
        }

        return new FeatureGates([.. Defaults.Select(gate => gate with { IsOn = Choose(gate, given) })]);
    }

    private static bool Choose(FeatureGate gate, Dictionary<string, bool> given)
    {
        string group = gate.Stage == Alpha ? "AllAlpha" : "AllBeta";
        return given.TryGetValue(gate.Name, out bool own) ? own
            : given.TryGetValue(group, out bool all) ? all
            : gate.IsOn;
    }
}
