using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>The operator's process ends, or its calls fail, at any point of any change; the next operator, which knows
/// nothing, goes on from there, and does nothing twice.</summary>
public sealed class CrashTests
{
    /// <summary>The points at which operators of this kind are known to break, by the scenario that passes them.
    /// </summary>
    private static readonly (string Name, string Scenario, Func<Call, bool> IsIt)[] Points =
    [
        ("intent write", "5 to 3", call => StatusOf(call) is { } status &&
            status.Members!.Any(line => line.Phase == nameof(MemberPhase.Leaving))),
        ("serial bump", "1 to 3", call => StatusOf(call)?.NextMember == 2),
        ("clusterID latch", "create", call => StatusOf(call)?.ClusterId is not null),
        ("MemberAdd", "1 to 3", call => call.What == "add"),
        ("initialCluster write", "1 to 3", call => call.What == "create V1Pod" &&
            ((V1Pod)call.After!).GetAnnotation(Names.InitialCluster) is not null),
        ("pod create", "create", call => call.What == "create V1Pod"),
        ("PVC create", "create", call => call.What == "create V1PersistentVolumeClaim"),
        ("PVC mark", "create", call => call.What == "update V1PersistentVolumeClaim"),
        ("promote", "1 to 3", call => call.What == "promote"),
        ("MoveLeader", "roll", call => call.What == "move leader"),
        ("MemberRemove", "5 to 3", call => call.What == "remove"),
        ("pod delete", "roll", call => call.What == "delete V1Pod"),
        ("PVC delete", "5 to 3", call => call.What == "delete V1PersistentVolumeClaim"),
        ("PVC patch", "grow volumes", call => call.What == "update V1PersistentVolumeClaim"),
        ("Secret create", "create with TLS", call => call.What == "create V1Secret"),
        ("Secret update", "change of authority", call => call.What == "update V1Secret"),
        ("snapshot before an upgrade", "upgrade with a snapshot", call => call.What == "create V1KvSnapshot"),
        ("snapshot asked for", "upgrade with a snapshot", call =>
            StatusOf(call)?.UpgradeSnapshot?.Step == nameof(UpgradeSnapshotStep.Taking)),
        ("snapshot accepted", "upgrade with a snapshot", call =>
            StatusOf(call)?.UpgradeSnapshot?.Step == nameof(UpgradeSnapshotStep.Verified)),
        ("pod of another version", "upgrade with a snapshot", call => call.What == "create V1Pod"),
        ("restoring pod", "begin with a snapshot", IsRestoringPod),
        ("recovery begun", "recover from a survivor", call =>
            StatusOf(call)?.Recovery?.Step == nameof(RecoveryStep.Fencing)),
        ("pod ended", "recover from a survivor", call => call.What == "delete V1Pod"),
        ("survivor alone", "recover from a survivor", call =>
            StatusOf(call)?.Recovery?.Step == nameof(RecoveryStep.Restarting)),
        ("recovery over", "recover from a survivor", call => StatusOf(call)?.LastRecovery is not null),
        ("fenced PVC", "recover from a survivor", call => call.What == "update V1PersistentVolumeClaim" &&
            ((V1PersistentVolumeClaim)call.After!).GetAnnotation(Names.Fenced) is not null),
        ("forced pod", "recover from a survivor", call => call.What == "create V1Pod" &&
            ((V1Pod)call.After!).GetAnnotation(Names.Recovery) is not null),
        ("request taken off", "recover from a survivor", call => call.What == "update V1KvCluster" &&
            ((V1KvCluster)call.After!).GetAnnotation(Names.Recover) is null),
        ("cluster given up", "recover from a snapshot", call =>
            StatusOf(call)?.Recovery?.Step == nameof(RecoveryStep.Seeding)),
        ("PVC put aside", "recover from a snapshot", call => call.What == "update V1PersistentVolumeClaim" &&
            ((V1PersistentVolumeClaim)call.After!).GetAnnotation(Names.Fenced) is not null),
        ("pod that restores again", "recover from a snapshot", IsRestoringPod),
        ("cluster taken over", "adopt", call => StatusOf(call)?.ClusterId is not null),
        ("learner beside etcds", "adopt", call => call.What == "add"),
        ("vote beside etcds", "adopt", call => call.What == "promote"),
        ("leadership taken over", "finalize", call => call.What == "move leader"),
        ("etcd removed", "finalize", call => call.What == "remove"),
        ("adoption over", "finalize", call => StatusOf(call)?.Adoption?.AdoptedAt is not null),
        ("shortening written down", "defragment", call =>
            StatusOf(call)?.Members?.Any(line => line.DefragmentedAt is not null) == true),
        ("store shortened", "defragment", call => call.What == "defragment"),
        ("giving up written down", "make room", call => StatusOf(call)?.CompactedAt is not null),
        ("history given up", "make room", call => call.What == "compact"),
        ("full store shortened", "make room", call => call.What == "defragment"),
        ("alarm lifted", "make room", call => call.What == "disarm"),
        ("recovery step write", "lost status", call => StatusOf(call)?.ClusterId is not null),
        ("finalizer removal", "delete", call => call.What == "update V1KvCluster"),
    ];

    public static TheoryData<string> Scenarios => [.. Scenario.All.Select(each => each.Name)];

    public static MatrixTheoryData<string, Blow> PointsAndBlows { get; } =
        new([.. Points.Select(point => point.Name)], [.. Enum.GetValues<Blow>().Where(blow => blow != Blow.None)]);

    public static TheoryData<string> PointNames => [.. Points.Select(point => point.Name)];

    [Theory]
    [MemberData(nameof(PointsAndBlows))]
    public async Task Whatever_befalls_a_call_the_change_is_finished_once(string point, Blow blow)
    {
        (_, string scenario, Func<Call, bool> isIt) = Points.Single(each => each.Name == point);

        await RunAsync(Scenario.Named(scenario), isIt, blow, isCacheBehind: false, passes: 1);
    }

    /// <summary>A pass more than was needed, and a cache that is one event behind.</summary>
    [Theory]
    [MemberData(nameof(PointNames))]
    public async Task A_pass_too_many_and_old_news_do_nothing_twice(string point)
    {
        (_, string scenario, Func<Call, bool> isIt) = Points.Single(each => each.Name == point);

        await RunAsync(Scenario.Named(scenario), isIt, Blow.DiesAfter, isCacheBehind: true, passes: 2);
    }

    /// <summary>Between any two effects.</summary>
    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task An_operator_that_dies_after_any_of_its_writes_is_followed_by_one_that_goes_on(string name)
    {
        var scenario = Scenario.Named(name);
        int number = 0;
        int deaths;
        do
        {
            number++;
            using Harness harness = await scenario.PrepareAsync();
            harness.Fate.Strike = Blows.AtWrite(number, Blow.DiesAfter);

            await scenario.RunAsync(harness);

            deaths = harness.Deaths;
            Assert.True(number < 300, "It never ends.");
        }
        while (deaths > 0);
        Assert.True(number > 3, "Nothing was written.");
    }

    private static async Task RunAsync(
        Scenario scenario, Func<Call, bool> isIt, Blow blow, bool isCacheBehind, int passes)
    {
        using Harness harness = await scenario.PrepareAsync(isCacheBehind);
        harness.Cache.Lag = 1;
        bool isHit = false;
        harness.Fate.Strike = Blows.Once(call => isIt(call) && (isHit = true), blow);

        await scenario.RunAsync(harness, passes);

        Assert.True(isHit, "The point was not passed.");
    }

    private static bool IsRestoringPod(Call call) =>
        call is { What: "create V1Pod", After: V1Pod { Spec.InitContainers.Count: > 0 } };

    private static KvClusterStatus? StatusOf(Call call) =>
        call.What == "update status V1KvCluster" ? ((V1KvCluster)call.After!).Status : null;
}
