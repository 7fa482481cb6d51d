using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Operator.Tests.Reconciling;

namespace Kv.Operator.Tests.Snapshots;

public sealed class SnapshotReconcilerTests
{
    [Fact]
    public async Task A_snapshot_is_taken_by_one_job_and_its_answer_is_the_status()
    {
        using var world = new SnapshotHarness();
        world.AddClaim();
        world.AddSnapshot(SnapshotHarness.ToClaim());

        await world.StepAsync();

        KvSnapshotStatus status = world.Only.Status;
        Assert.Equal(
            ("Done", 7, 512, "ab", true, "demo/one.db"),
            (status.Phase, status.Revision, status.Size, status.Sha256, status.Verified, status.Location));
        Assert.Equal("Verified", Assert.Single(status.Conditions!).Reason);
        Assert.Equal(1, world.Fate.CountOf("create V1Job"));
        Assert.Equal(["Running", "Verified"], world.Events.Select(each => each.Split(' ')[0]));
        V1PodSpec pod = Assert.Single(world.Api.All<V1Job>()).Spec.Template.Spec!;
        Assert.True(pod.SecurityContext!.RunAsNonRoot);
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.True(pod.Containers![0].SecurityContext!.ReadOnlyRootFilesystem);
    }

    [Fact]
    public async Task What_is_missing_is_told_and_when_it_comes_the_snapshot_is_taken()
    {
        using var world = new SnapshotHarness();
        world.AddSnapshot(SnapshotHarness.ToS3());
        await world.StepAsync(2);
        Assert.Equal(("Pending", "SecretMissing"), (world.Only.Status.Phase, SnapshotReport.ReasonOf(world.Only)));

        world.Api.Add(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "access", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { ["accessKeyId"] = Encoding.UTF8.GetBytes("a") },
        });
        await world.StepAsync(2);
        Assert.Equal("The Secret access lacks secretAccessKey.", world.Only.Status.Message);

        world.Api.Change<V1Secret>("access", secret => secret.Data!["secretAccessKey"] = Encoding.UTF8.GetBytes("b"));
        await world.StepAsync();
        Assert.Equal("Done", world.Only.Status.Phase);
        Assert.Equal("s3://bucket/default/demo/one.db", world.Only.Status.Location);
    }

    [Fact]
    public async Task Without_a_cluster_or_a_claim_it_waits_and_says_so()
    {
        using var world = new SnapshotHarness();
        world.AddSnapshot(SnapshotHarness.ToClaim());
        await world.StepAsync(2);
        Assert.Equal("ClaimMissing", SnapshotReport.ReasonOf(world.Only));

        world.Api.Remove<V1KvCluster>("demo");
        await world.StepAsync(2);
        Assert.Equal("ClusterMissing", SnapshotReport.ReasonOf(world.Only));
    }

    [Fact]
    public async Task A_job_that_failed_is_told_with_what_it_said_and_is_not_repeated()
    {
        using var world = new SnapshotHarness { DoJobsFail = true };
        world.AddClaim();
        world.AddSnapshot(SnapshotHarness.ToClaim());

        await world.StepAsync();

        Assert.Equal(
            ("Failed", "The snapshot failed: the disk is on fire"),
            (world.Only.Status.Phase, world.Only.Status.Message));
        Assert.Equal(1, world.Fate.CountOf("create V1Job"));
    }

    [Fact]
    public async Task An_answer_that_was_lost_with_its_pods_is_given_again_by_another_job()
    {
        using var world = new SnapshotHarness();
        world.AddClaim();
        world.AddSnapshot(SnapshotHarness.ToClaim());
        await world.StepAsync(1);
        foreach (V1Pod pod in world.Api.All<V1Pod>())
            world.Api.Remove<V1Pod>(pod.Name());

        await world.StepAsync();

        Assert.Equal("Done", world.Only.Status.Phase);
        Assert.Equal(2, world.Fate.CountOf("create V1Job"));
    }

    [Theory]
    [InlineData(SnapshotDeletion.Retain, 1)]
    [InlineData(SnapshotDeletion.Delete, 0)]
    public async Task What_is_kept_stays_or_goes_with_the_object_as_its_policy_says(
        SnapshotDeletion policy, int left)
    {
        using var world = new SnapshotHarness();
        world.AddClaim();
        world.AddSnapshot(SnapshotHarness.ToClaim(), policy);
        await world.StepAsync();

        world.Delete("one");
        await world.StepAsync();

        Assert.Empty(world.Snapshots);
        Assert.Equal(left, world.Kept.Count);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_deleted_holds_its_object_until_it_is_told_to_stay()
    {
        using var world = new SnapshotHarness();
        world.AddClaim();
        world.AddSnapshot(SnapshotHarness.ToClaim(), SnapshotDeletion.Delete);
        await world.StepAsync();
        world.DoJobsFail = true;
        world.Delete("one");
        await world.StepAsync();
        Assert.Contains("DeletionFailed The snapshot could not be deleted: the disk is on fire", world.Events);

        world.Api.Change<V1KvSnapshot>("one", each => each.Spec.DeletionPolicy = SnapshotDeletion.Retain);
        await world.StepAsync();

        Assert.Empty(world.Snapshots);
        Assert.Single(world.Kept);
    }

    /// <summary>Between any two effects, from the making of the object to its end.</summary>
    [Theory]
    [InlineData(Blow.DiesBefore)]
    [InlineData(Blow.DiesAfter)]
    [InlineData(Blow.LostAfter)]
    [InlineData(Blow.ServerFault)]
    [InlineData(Blow.Conflict)]
    public async Task Whatever_befalls_any_write_the_snapshot_is_taken_and_deleted(Blow blow)
    {
        int number = 0;
        bool isHit;
        do
        {
            number++;
            isHit = false;
            using var world = new SnapshotHarness();
            world.AddClaim();
            world.AddSnapshot(SnapshotHarness.ToClaim(), SnapshotDeletion.Delete);
            Func<Call, Blow> strike = Blows.AtWrite(number, blow);
            world.Fate.Strike = call =>
            {
                Blow befalls = strike(call);
                isHit |= befalls != Blow.None;
                return befalls;
            };

            await world.StepAsync(20);
            Assert.Equal("Done", world.Only.Status.Phase);
            Assert.Single(world.Kept);
            world.Delete("one");
            await world.StepAsync(20);

            Assert.Empty(world.Snapshots);
            Assert.Empty(world.Kept);
            Assert.True(number < 100, "It never ends.");
        }
        while (isHit);
        Assert.True(number > 6, "Hardly anything was written.");
    }
}
