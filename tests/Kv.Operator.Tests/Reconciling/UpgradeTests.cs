using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>What comes before the first member of an upgrade is touched.</summary>
public sealed class UpgradeTests
{
    private const string Next = "good:3.7.2";

    [Fact]
    public async Task A_snapshot_is_found_right_before_the_first_member_gets_another_version()
    {
        using Harness harness = await SettledAsync();
        harness.Snapshots.Awaited = "There is no claim.";
        string before = ImagesOf(harness);

        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => Reason(harness, "Degraded") == nameof(Obstacle.UpgradeSnapshotFailed));

        Assert.Equal(before, ImagesOf(harness));
        Assert.Equal("3.7.2", harness.Cluster!.Status.Upgrade!.To);
        Assert.Contains("There is no claim.", harness.Cluster.Status.Message, StringComparison.Ordinal);
        harness.Snapshots.Awaited = "";
        await harness.SettleAsync();
        V1KvSnapshot taken = Assert.Single(harness.Api.All<V1KvSnapshot>());
        Assert.Equal("demo-before-3.7.2", taken.Name());
        Assert.Empty(taken.Metadata.OwnerReferences ?? []);
        Assert.Equal("backups", taken.Spec.Destination.PersistentVolumeClaim!.ClaimName);
        Assert.DoesNotContain(before, ImagesOf(harness), StringComparison.Ordinal);
        Assert.Null(harness.Cluster!.Status.UpgradeSnapshot);
        Assert.Null(harness.Cluster.Status.Upgrade);
    }

    [Fact]
    public async Task One_that_failed_stops_the_upgrade_until_another_attempt_succeeds()
    {
        using Harness harness = await SettledAsync();
        harness.Snapshots.DoFail = true;
        string before = ImagesOf(harness);

        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => Reason(harness, "Degraded") == nameof(Obstacle.UpgradeSnapshotFailed));
        Assert.Contains("the disk is on fire", harness.Cluster!.Status.Message, StringComparison.Ordinal);
        await harness.StepUntilAsync(() => harness.Api.All<V1KvSnapshot>().Count == 2);
        Assert.Equal(before, ImagesOf(harness));
        harness.Snapshots.DoFail = false;
        await harness.SettleAsync();

        Assert.Equal(
            [("demo-before-3.7.2", "Failed"), ("demo-before-3.7.2-2", "Done")],
            harness.Api.All<V1KvSnapshot>().Select(each => (each.Name(), each.Status.Phase!)));
    }

    [Fact]
    public async Task Turning_it_off_lets_an_upgrade_go_on_whose_snapshot_failed()
    {
        using Harness harness = await SettledAsync();
        harness.Snapshots.DoFail = true;
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => Reason(harness, "Degraded") == nameof(Obstacle.UpgradeSnapshotFailed));

        harness.Change(cluster => cluster.Spec.Upgrade = new UpgradeSpec { SnapshotBefore = false });
        await harness.SettleAsync();

        Assert.Single(harness.Api.All<V1KvSnapshot>());
        Assert.Contains(Next, ImagesOf(harness), StringComparison.Ordinal);
    }

    /// <summary>Nobody waits for a snapshot to get back what ran.</summary>
    [Fact]
    public async Task Going_back_from_a_version_that_does_not_come_up_waits_for_no_snapshot()
    {
        using Harness harness = await SettledAsync();
        string settled = harness.Cluster!.Status.Image!;
        harness.Kubelet.BadImages.Add(Next);
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => ImagesOf(harness).Contains(Next, StringComparison.Ordinal));
        harness.Snapshots.DoFail = true;

        harness.Change(cluster => cluster.Spec.Image = settled);
        await harness.SettleAsync();

        Assert.Single(harness.Api.All<V1KvSnapshot>());
        Assert.Null(harness.Cluster!.Status.UpgradeSnapshot);
    }

    [Fact]
    public async Task Another_version_half_way_needs_no_other_snapshot_and_the_same_a_second_time_does()
    {
        using Harness harness = await SettledAsync();
        string settled = harness.Cluster!.Status.Image!;
        harness.Kubelet.BadImages.Add(Next);
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => ImagesOf(harness).Contains(Next, StringComparison.Ordinal));

        harness.Change(cluster => cluster.Spec.Image = "good:3.7.3");
        await harness.SettleAsync();
        Assert.Single(harness.Api.All<V1KvSnapshot>());

        harness.Kubelet.BadImages.Clear();
        harness.Change(cluster => cluster.Spec.Image = settled);
        await harness.SettleAsync();
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.SettleAsync();
        Assert.Contains(harness.Api.All<V1KvSnapshot>(), each => each.Name() == "demo-before-3.7.2-2");
    }

    [Fact]
    public async Task A_snapshot_of_somebody_else_is_not_taken_for_ours()
    {
        using Harness harness = await SettledAsync();
        harness.Api.Add(new V1KvSnapshot
        {
            Metadata = new V1ObjectMeta { Name = "demo-before-3.7.2", NamespaceProperty = "default" },
            Spec = new KvSnapshotSpec { Cluster = "demo" },
            Status = new KvSnapshotStatus { Phase = SnapshotReport.Done, Verified = true },
        });

        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.SettleAsync();

        Assert.Contains(harness.Api.All<V1KvSnapshot>(), each => each.Name() == "demo-before-3.7.2-2");
    }

    [Fact]
    public async Task Without_a_place_to_keep_it_none_is_taken_and_that_is_told()
    {
        using Harness harness = await SettledAsync(place: null);

        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.SettleAsync();

        Assert.Empty(harness.Api.All<V1KvSnapshot>());
        Assert.Single(harness.Events, each => each.StartsWith("Normal SkipSnapshot ", StringComparison.Ordinal));
    }

    /// <summary>A member that is lost meanwhile comes back as it was, and other changes are made.</summary>
    [Fact]
    public async Task While_the_snapshot_is_awaited_all_else_goes_on_with_the_old_version()
    {
        using Harness harness = await SettledAsync();
        harness.Snapshots.Awaited = "There is no claim.";
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.StepUntilAsync(() => Reason(harness, "Degraded") == nameof(Obstacle.UpgradeSnapshotFailed));

        harness.Api.MarkDeleted<V1Pod>("demo-1");
        harness.Change(cluster => cluster.Spec.Replicas = 5);
        await harness.StepUntilAsync(() => harness.Members.VoterCount == 5);

        Assert.DoesNotContain(Next, ImagesOf(harness), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_version_from_another_registry_needs_none()
    {
        using Harness harness = await SettledAsync();
        harness.Change(cluster => cluster.Spec.Image = Next);
        await harness.SettleAsync();

        harness.Change(cluster => cluster.Spec.Image = "mirror:5000/good:3.7.2");
        await harness.SettleAsync();

        Assert.Single(harness.Api.All<V1KvSnapshot>());
    }

    private static async Task<Harness> SettledAsync(SnapshotScheduleSpec? place)
    {
        var harness = new Harness();
        harness.Change(cluster => cluster.Spec.Snapshots = place);
        await harness.SettleAsync();
        return harness;
    }

    private static Task<Harness> SettledAsync() => SettledAsync(Disasters.Nightly());

    private static string ImagesOf(Harness harness) => string.Join(
        ' ', harness.Api.All<V1Pod>().Select(pod => pod.Spec.Containers![0].Image).Distinct(StringComparer.Ordinal));

    private static string? Reason(Harness harness, string type) => harness.Cluster!.Status.Conditions!
        .FirstOrDefault(each => each.Type == type && each.Status == "True")?.Reason;
}
