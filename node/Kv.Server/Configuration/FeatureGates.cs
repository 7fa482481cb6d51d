using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>A feature that can be turned on or off; alpha ones are off, beta ones on, unless said otherwise.</summary>
public sealed record FeatureGate(string Name, string Stage, bool IsOn);

/// <summary>etcd's feature gates. They are all known, so that its configurations are accepted, and shown in the metrics
/// as given; what a gate changes is up to who reads it. The checks for corruption are on, other than in etcd: they cost
/// a walk over the keys at a start, and nothing between compactions.</summary>
public sealed record FeatureGates(IReadOnlyList<FeatureGate> All)
{
    public const string CompactHashCheck = "CompactHashCheck";
    public const string InitialCorruptCheck = "InitialCorruptCheck";

    private const string Name = "feature-gates";
    private const string Alpha = "ALPHA";
    private const string Beta = "BETA";

    private static readonly FeatureGate[] Defaults =
    [
        new("AllAlpha", Alpha, IsOn: false),
        new("AllBeta", Beta, IsOn: false),
        new(CompactHashCheck, Alpha, IsOn: true),
        new("FastLeaseKeepAlive", Beta, IsOn: true),
        new(InitialCorruptCheck, Alpha, IsOn: true),
        new("LeaseCheckpoint", Alpha, IsOn: false),
        new("LeaseCheckpointPersist", Alpha, IsOn: false),
        new("SetMemberLocalAddr", Alpha, IsOn: false),
        new("StopGRPCServiceOnDefrag", Alpha, IsOn: false),
        new("TxnModeWriteWithSharedBuffer", Beta, IsOn: true),
    ];

    // What etcd 3.5 called these, each a flag of its own.
    private static readonly (string Flag, string Gate)[] Former =
    [
        ("experimental-compact-hash-check-enabled", CompactHashCheck),
        ("experimental-enable-lease-checkpoint", "LeaseCheckpoint"),
        ("experimental-enable-lease-checkpoint-persist", "LeaseCheckpointPersist"),
        ("experimental-initial-corrupt-check", InitialCorruptCheck),
        ("experimental-set-member-localaddr", "SetMemberLocalAddr"),
        ("experimental-stop-grpc-service-on-defrag", "StopGRPCServiceOnDefrag"),
        ("experimental-txn-mode-write-with-shared-buffer", "TxnModeWriteWithSharedBuffer"),
    ];

    // What is the same here, whatever they say.
    private static readonly (string Gate, string Reason)[] WithoutEffect =
    [
        ("FastLeaseKeepAlive", "leases are always renewed on the short way"),
        ("LeaseCheckpoint", "what is left of long leases is always told to the other members"),
        ("LeaseCheckpointPersist", "what is left of long leases is always kept"),
        ("SetMemberLocalAddr", "the system chooses the address to call other members from"),
        ("StopGRPCServiceOnDefrag", "a member serves while it defragments"),
        ("TxnModeWriteWithSharedBuffer", "there is no such buffer"),
    ];

    public bool IsOn(string name) => All.Single(gate => gate.Name == name).IsOn;

    internal static FeatureGates Read(Settings settings)
    {
        string text = settings.Text(Name);
        FeatureGates gates = Read(text, settings.Faults);
        foreach ((string flag, string gate) in Former.Where(pair => settings.IsGiven(pair.Flag)))
        {
            bool isOn = settings.Switch(flag);
            if (text.Contains(gate, StringComparison.Ordinal))
            {
                settings.Faults.Add(
                    $"cannot specify both flags: --{flag}={settings.Text(flag)} and --{Name}={gate} at the same time");
            }

            gates = new FeatureGates(
                [.. gates.All.Select(each => each.Name == gate ? each with { IsOn = isOn } : each)]);
        }

        AddNotices(gates, settings.Notices);
        return gates;
    }

    private static void AddNotices(FeatureGates gates, List<ConfigurationNotice> notices)
    {
        foreach ((string name, string reason) in WithoutEffect)
        {
            if (gates.IsOn(name) != Defaults.Single(gate => gate.Name == name).IsOn)
            {
                notices.Add(new(
                    LogLevel.Warning,
                    $"feature gate \"{name}\" has no effect",
                    "reason",
                    reason));
            }
        }
    }

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
