using Kv.Operator.Planning.Rules;

namespace Kv.Operator.Planning;

/// <summary>A rule looks at the whole and says what to do, or null for: nothing that concerns me.</summary>
public delegate ClusterAction? Rule(Scene scene);

/// <summary>From what is wanted and what is found to the one next thing to do. Looks only at the two, never at what
/// was done before, so that a step that was lost, repeated or overtaken is planned again. The order of the rules is
/// the safety argument: what gives votes back stands above what waits for a quorum; what a change of members needs to
/// be finished stands above what begins another; and all that takes a healthy member out of service stands below all
/// that waits for the others.</summary>
public static class ClusterPlan
{
    /// <summary>The rules in order; the first that says something wins.</summary>
    public static IReadOnlyList<(string Name, Rule Rule)> Order { get; } =
    [
        ("delete", EndRules.Delete),
        ("pause", EndRules.Pause),
        ("specification", EndRules.RefuseInvalid),
        ("take in hand", StartRules.TakeInHand),
        ("foreign objects", StartRules.RefuseForeignObjects),
        ("recovery", RecoveryRules.Recover),
        ("recall", StartRules.Recall),
        ("bootstrap", StartRules.Bootstrap),
        ("lost data", QuorumRules.ReportLostData),
        ("clear away", ReattachRules.ClearAway),
        ("reattach", ReattachRules.Reattach),
        ("refused recovery", RecoveryRules.RefuseRequest),
        ("source of the adoption", AdoptionRules.ReportSource),
        ("quorum", QuorumRules.WaitForQuorum),
        ("corrupt member", AlarmRules.ReplaceCorrupt),
        ("full store", AlarmRules.MakeRoom),
        ("finish removal", RemovalRules.Continue),
        ("finish joining", JoiningRules.Continue),
        ("open to clients", JoiningRules.OpenToClients),
        ("scale in the sick", ScaleRules.RemoveSick),
        ("repair", RepairRules.Repair),
        ("blocked removal", RemovalRules.ReportBlocked),
        ("members of the source", AdoptionRules.AwaitSource),
        ("members before the roll", RollRules.CompareMembers),
        ("scale out before a roll", ScaleRules.GrowToSafety),
        ("upgrade without a snapshot", UpgradeRules.SkipSnapshot),
        ("roll", RollRules.Roll),
        ("scale", ScaleRules.Scale),
        ("blocked joining", JoiningRules.AwaitCalm),
        ("finalize", AdoptionRules.Finalize),
        ("grow volumes", VolumeRules.Grow),
        ("still full", AlarmRules.ReportFull),
        ("pods that end", ReattachRules.AwaitEnd),
        ("snapshot before an upgrade", UpgradeRules.TakeSnapshot),
        ("refused version", VersionRules.Refuse),
        ("version", VersionRules.CompareToWanted),
        ("version of the data", VersionRules.AwaitData),
        ("version of the cluster", VersionRules.CompareCluster),
        ("defragment", UpkeepRules.Defragment),
        ("needless recovery", RecoveryRules.RefuseNeedless),
    ];

    public static ClusterAction Next(WantedCluster wanted, FoundCluster found) => Explain(wanted, found).Action;

    /// <summary>The next action with the name of the rule that asked for it.</summary>
    public static (string Rule, ClusterAction Action) Explain(WantedCluster wanted, FoundCluster found)
    {
        var scene = new Scene(wanted, found);
        foreach ((string name, Rule rule) in Order)
        {
            if (rule(scene) is { } action)
                return (name, action);
        }

        return ("", new ClusterAction.Nothing("All is as wanted."));
    }
}
