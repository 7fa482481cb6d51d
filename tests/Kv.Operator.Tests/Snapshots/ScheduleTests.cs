using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Operator.Tests.Reconciling;

namespace Kv.Operator.Tests.Snapshots;

public sealed class ScheduleTests
{
    [Fact]
    public async Task Snapshots_are_taken_when_they_are_due_and_the_status_says_when()
    {
        using SnapshotHarness world = Hourly();
        await world.StepAsync();
        Assert.Empty(world.Snapshots);
        Assert.Equal(
            new DateTime(2026, 1, 1, 1, 0, 0), Status(world).NextRun!.Value, TimeSpan.Zero);
        Assert.Equal(("False", "NoneYet"), BackupReady(world));

        await HoursAsync(world, 3);

        Assert.Equal(3, world.Snapshots.Count);
        Assert.StartsWith("demo-20260101-0100-", world.Snapshots[0].Name(), StringComparison.Ordinal);
        Assert.Equal(("True", "Recent"), BackupReady(world));
        Assert.NotNull(Status(world).LastSuccess);
        Assert.Null(Status(world).Current);
    }

    [Fact]
    public async Task The_first_may_be_taken_at_once()
    {
        using SnapshotHarness world = Hourly(spec => spec.Immediate = true);

        await world.StepAsync();

        Assert.Single(world.Snapshots);
    }

    [Fact]
    public async Task Of_many_runs_that_were_missed_one_is_made_good()
    {
        using SnapshotHarness world = Hourly();
        await world.StepAsync();

        world.Clock.Advance(TimeSpan.FromHours(50));
        await world.StepAsync();

        Assert.Single(world.Snapshots);
        Assert.Contains("-20260103-0200-", world.Only.Name(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_is_one_at_a_time()
    {
        using SnapshotHarness world = Hourly(spec => spec.Destination = SnapshotHarness.ToS3());
        await HoursAsync(world, 5);

        Assert.Single(world.Snapshots);
        Assert.Equal("Pending", world.Only.Status.Phase);
        Assert.Equal(("False", "TooOld"), BackupReady(world));
    }

    [Fact]
    public async Task What_is_suspended_waits_and_goes_on_with_one()
    {
        using SnapshotHarness world = Hourly(spec => spec.Suspend = true);
        await HoursAsync(world, 4);
        Assert.Empty(world.Snapshots);
        Assert.Equal(("Unknown", "Suspended"), BackupReady(world));

        world.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Snapshots!.Suspend = null);
        await world.StepAsync();

        Assert.Single(world.Snapshots);
    }

    [Fact]
    public async Task Those_that_are_kept_no_longer_go_from_the_place_as_well()
    {
        using SnapshotHarness world = Hourly(spec => spec.Retention = new SnapshotRetention { KeepLast = 2 });

        await HoursAsync(world, 6);

        Assert.Equal(2, world.Snapshots.Count);
        Assert.Equal(2, world.Kept.Count);
        Assert.Equal(6, world.Written.Count);
    }

    [Fact]
    public async Task When_snapshots_fail_the_last_good_one_stays_and_it_is_told()
    {
        using SnapshotHarness world =
            Hourly(spec => spec.Retention = new SnapshotRetention { KeepFor = "1h" });
        await HoursAsync(world, 2);
        world.DoJobsFail = true;

        await HoursAsync(world, 10);

        Assert.Single(world.Kept);
        Assert.Single(world.Snapshots, SnapshotReport.IsGood);
        Assert.Equal(3, world.Snapshots.Count(each =>
            each.Status.Phase == "Failed" && each.DeletionTimestamp() is null)); // the Jobs that delete fail as well
        Assert.Equal(("False", "TooOld"), BackupReady(world));
    }

    [Fact]
    public async Task A_schedule_that_is_none_is_told_and_deletes_nothing()
    {
        using SnapshotHarness world = Hourly(spec => spec.Retention = new SnapshotRetention { KeepLast = 1 });
        await HoursAsync(world, 1);

        world.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Snapshots!.Schedule = "0 0 31 2 *");
        await HoursAsync(world, 3);

        Assert.Single(world.Snapshots);
        Assert.Equal(("False", "InvalidSchedule"), BackupReady(world));
    }

    [Fact]
    public async Task Without_a_schedule_nothing_is_left_of_it_but_the_snapshots()
    {
        using SnapshotHarness world = Hourly();
        await HoursAsync(world, 2);

        world.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Snapshots = null);
        await HoursAsync(world, 2);

        Assert.Equal(2, world.Snapshots.Count);
        Assert.Null(world.Api.All<V1KvCluster>()[0].Status.Snapshots);
        Assert.DoesNotContain(world.Api.All<V1KvCluster>()[0].Status.Conditions!, each => each.Type == "BackupReady");
    }

    [Theory]
    [InlineData(Blow.DiesBefore)]
    [InlineData(Blow.DiesAfter)]
    [InlineData(Blow.LostAfter)]
    [InlineData(Blow.Conflict)]
    public async Task Whatever_befalls_any_write_each_run_is_made_once(Blow blow)
    {
        for (int number = 1; number < 40; number++)
        {
            using SnapshotHarness world = Hourly(spec => spec.Retention = new SnapshotRetention { KeepLast = 2 });
            world.Fate.Strike = Blows.AtWrite(number, blow);

            await HoursAsync(world, 4);

            Assert.Equal(4, world.Written.Distinct().Count());
            Assert.Equal(2, world.Snapshots.Count);
            Assert.Equal(2, world.Kept.Count);
        }
    }

    private static SnapshotHarness Hourly(Action<SnapshotScheduleSpec>? change = null)
    {
        var spec = new SnapshotScheduleSpec { Schedule = "0 * * * *", Destination = SnapshotHarness.ToClaim() };
        change?.Invoke(spec);
        var world = new SnapshotHarness(spec);
        world.AddClaim();
        return world;
    }

    private static async Task HoursAsync(SnapshotHarness world, int count)
    {
        await world.StepAsync(2);
        for (int hour = 0; hour < count; hour++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            await world.StepAsync(20);
        }
    }

    private static KvScheduleStatus Status(SnapshotHarness world) =>
        world.Api.All<V1KvCluster>()[0].Status.Snapshots!;

    private static (string Status, string Reason) BackupReady(SnapshotHarness world)
    {
        V1Condition condition =
            world.Api.All<V1KvCluster>()[0].Status.Conditions!.Single(each => each.Type == "BackupReady");
        return (condition.Status, condition.Reason);
    }
}
