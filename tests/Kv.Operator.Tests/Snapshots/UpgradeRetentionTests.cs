using System.Globalization;
using Kv.Kubernetes;
using Kv.Operator.Api;
using Kv.Operator.Hosting;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Tests.Snapshots;

/// <summary>What becomes of the snapshots that are taken before upgrades: the retention of the schedule holds for them
/// as for a kind of their own.</summary>
public sealed class UpgradeRetentionTests
{
    [Fact]
    public async Task Of_many_upgrades_the_last_snapshots_stay_and_the_others_go_from_the_place_as_well()
    {
        using SnapshotHarness world = Monthly(new SnapshotRetention { KeepLast = 2 });

        for (int upgrade = 1; upgrade <= 5; upgrade++)
            await TakeAsync(world, upgrade);

        Assert.Equal(["before-4", "before-5"], NamesOf(world));
        Assert.Equal(5, world.Written.Count);
        Assert.Equal(2, world.Kept.Count);
        Assert.Equal(3, world.Events.Count(each => each.StartsWith("SnapshotExpired ", StringComparison.Ordinal)));
    }

    /// <summary>Neither kind counts for the other: nobody loses the nightly ones to upgrades, or the last upgrade's to
    /// the nightly ones.</summary>
    [Fact]
    public async Task Those_of_the_schedule_and_those_of_upgrades_are_counted_apart()
    {
        using SnapshotHarness world = Monthly(new SnapshotRetention { KeepLast = 1 }, "0 * * * *");
        await TakeAsync(world, 1);
        await TakeAsync(world, 2);

        await HoursAsync(world, 5);

        Assert.Equal(["before-2"], NamesOf(world));
        Assert.Single(world.Snapshots, each => each.GetLabel(SnapshotNames.ScheduleLabel) is not null);
        Assert.Equal(2, world.Kept.Count);
    }

    [Fact]
    public async Task The_newest_good_one_stays_however_old_it_is_and_whatever_fails_after_it()
    {
        using SnapshotHarness world = Monthly(new SnapshotRetention { KeepFor = "2h" });
        await TakeAsync(world, 1);
        await TakeAsync(world, 2);
        world.DoJobsFail = true;
        for (int upgrade = 3; upgrade <= 8; upgrade++)
            await TakeAsync(world, upgrade);
        world.DoJobsFail = false;

        await HoursAsync(world, 30);

        Assert.Equal(["before-2", "before-6", "before-7", "before-8"], NamesOf(world));
        Assert.Equal("before-2", Assert.Single(world.Snapshots, SnapshotReport.IsGood).Name());
        Assert.Single(world.Kept);
    }

    [Fact]
    public async Task Without_a_schedule_they_stay()
    {
        using SnapshotHarness world = Monthly(new SnapshotRetention { KeepLast = 1 });
        await TakeAsync(world, 1);
        world.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Snapshots = null);

        await TakeAsync(world, 2);
        await HoursAsync(world, 30);

        Assert.Equal(["before-1", "before-2"], NamesOf(world));
    }

    [Fact]
    public async Task Those_of_an_earlier_cluster_of_the_name_and_those_that_a_person_made_are_left_alone()
    {
        using SnapshotHarness world = Monthly(new SnapshotRetention { KeepLast = 1 });
        world.AddSnapshot(SnapshotHarness.ToClaim());
        await TakeAsync(world, 1, uid: "u-0");
        await TakeAsync(world, 2, uid: "u-0");

        await TakeAsync(world, 3);
        await TakeAsync(world, 4);

        Assert.Equal(["before-1", "before-2", "before-4", "one"], NamesOf(world));
    }

    /// <summary>A recovery that reads an old one, for the newer ones are of no use, is not robbed of it.</summary>
    [Fact]
    public async Task What_a_recovery_reads_stays_until_that_is_over()
    {
        using SnapshotHarness world = Monthly(retention: null);
        await TakeAsync(world, 1);
        await TakeAsync(world, 2);
        world.Api.Change<V1KvCluster>("demo", cluster =>
        {
            cluster.Spec.Snapshots!.Retention = new SnapshotRetention { KeepLast = 1 };
            cluster.Status.Recovery = new KvRecoveryStatus { Snapshot = "before-1" };
        });
        await HoursAsync(world, 2);
        Assert.Equal(["before-1", "before-2"], NamesOf(world));

        world.Api.Change<V1KvCluster>("demo", cluster => cluster.Status.Recovery = null);
        await HoursAsync(world, 2);

        Assert.Equal(["before-2"], NamesOf(world));
    }

    [Theory]
    [InlineData(SnapshotNames.ScheduleLabel)]
    [InlineData(SnapshotNames.UpgradeLabel)]
    public void The_cluster_is_looked_at_when_a_snapshot_of_its_changes(string label)
    {
        var snapshot = new V1KvSnapshot { Metadata = new() { Name = "any", NamespaceProperty = "default" } };
        Assert.Empty(SnapshotScheduleController.ClusterOf(snapshot));

        snapshot.SetLabel(label, "demo");

        Assert.Equal([new ObjectKey("default", "demo")], SnapshotScheduleController.ClusterOf(snapshot));
    }

    private static SnapshotHarness Monthly(SnapshotRetention? retention, string schedule = "0 3 15 * *")
    {
        var world = new SnapshotHarness(new SnapshotScheduleSpec
        {
            Schedule = schedule,
            Destination = SnapshotHarness.ToClaim(),
            Retention = retention,
        });
        world.AddClaim();
        return world;
    }

    /// <summary>Asks for a snapshot as an upgrade does, and lets it come to its end.</summary>
    private static async Task TakeAsync(SnapshotHarness world, int upgrade, string uid = "u-1")
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"before-{upgrade}");
        var cluster = new V1KvCluster
        {
            Metadata = new() { Name = "demo", NamespaceProperty = "default", Uid = uid },
            Spec = new KvClusterSpec { Upgrade = new UpgradeSpec { Destination = SnapshotHarness.ToClaim() } },
        };
        var take = new ClusterAction.TakeSnapshot(name, Attempt: 1, world.Clock.GetUtcNow(), "kv-node:3.7.1", "Why.");
        world.Api.Add(UpgradeSnapshots.Build(new ClusterLayout(cluster, new OperatorDefaults()), take));
        await world.StepAsync(20);
    }

    private static async Task HoursAsync(SnapshotHarness world, int count)
    {
        for (int hour = 0; hour < count; hour++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            await world.StepAsync(20);
        }
    }

    private static IEnumerable<string> NamesOf(SnapshotHarness world) => world.Snapshots
        .Where(each => each.GetLabel(SnapshotNames.ScheduleLabel) is null && each.DeletionTimestamp() is null)
        .Select(each => each.Name()).Order(StringComparer.Ordinal);
}
