using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;
using Kv.Testing;

namespace Kv.Operator.Tests.Reconciling;

public sealed class ReconcilerTests
{
    [Fact]
    public async Task A_cluster_of_three_is_made_of_nothing()
    {
        using var harness = new Harness();

        await harness.SettleAsync();

        Assert.Equal(3, harness.Members.Members.Count(line => !line.IsLearner));
        Assert.Equal(["demo-0", "demo-1", "demo-2"], harness.Api.All<V1Pod>().Select(pod => pod.Name()));
        Assert.All(harness.Api.All<V1Pod>(), pod => Assert.Equal("true", pod.GetLabel(Names.Serving)));
        Assert.Equal(["demo", "demo-peers"], harness.Api.All<V1Service>().Select(service => service.Name()));
        Assert.Equal(2, harness.Api.All<V1PodDisruptionBudget>().Single().Spec.MinAvailable!.Number);
        KvClusterStatus status = harness.Cluster!.Status;
        Assert.Equal("c1", status.ClusterId);
        Assert.Equal(3, status.ReadyReplicas);
        Assert.Equal(3, status.NextMember);
        AssertCondition(status, "Ready", "True", "AllAsWanted");
        AssertCondition(status, "Available", "True", "QuorumServes");
    }

    [Fact]
    public async Task A_cluster_that_is_as_wanted_costs_no_write()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        int writes = harness.Fate.WriteCount;

        for (int pass = 0; pass < 50; pass++)
            await harness.StepAsync();

        Assert.Equal(writes, harness.Fate.WriteCount);
    }

    [Fact]
    public async Task An_alarm_is_told_of_the_member_that_it_was_raised_for()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        ulong id = harness.Members.Members.Single(line => SimulatedMembers.HostOf(line) == "demo-1").Id;

        harness.Members.Alarms.Add(new AlarmFound(id, AlarmKind.Corrupt));
        await harness.StepAsync();

        Assert.Equal(
            [("demo-0", null), ("demo-1", "Corrupt"), ("demo-2", null)],
            harness.Cluster!.Status.Members!.Select(line => (line.Name, line.Alarms?.Single())));
    }

    [Fact]
    public async Task Members_come_and_go_by_their_number()
    {
        using var harness = new Harness();
        await harness.SettleAsync();

        foreach (int replicas in new[] { 5, 3, 1, 3 })
        {
            harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Replicas = replicas);
            await harness.SettleAsync();

            Assert.Equal(replicas, harness.Members.Members.Count(line => !line.IsLearner));
            Assert.Equal(replicas, harness.Api.All<V1Pod>().Count);
            Assert.Equal(replicas, harness.Api.All<V1PersistentVolumeClaim>().Count);
        }

        Assert.Equal(7, harness.Cluster!.Status.NextMember);
    }

    [Fact]
    public async Task A_volume_that_is_deleted_leads_to_another_member()
    {
        using var harness = new Harness();
        await harness.SettleAsync();

        harness.Api.MarkDeleted<V1PersistentVolumeClaim>("data-demo-1");
        await harness.SettleAsync();

        Assert.Equal(["demo-0", "demo-2", "demo-3"], harness.Api.All<V1Pod>().Select(pod => pod.Name()));
        Assert.Equal(3, harness.Members.Members.Count(line => !line.IsLearner));
    }

    [Fact]
    public async Task A_volume_that_is_emptied_leads_to_another_member()
    {
        using var harness = new Harness();
        await harness.SettleAsync();

        harness.Members.Empty("demo-2");
        harness.Api.MarkDeleted<V1Pod>("demo-2");
        await harness.SettleAsync();

        Assert.DoesNotContain("demo-2", harness.Api.All<V1Pod>().Select(pod => pod.Name()));
        Assert.Equal(3, harness.Members.Members.Count(line => !line.IsLearner));
    }

    /// <summary>Of a disk that is put in anew under a pod that stays, as when a machine starts again. The pod of the
    /// seed says to form a cluster, those of the others to join one: neither may do so again.</summary>
    [Theory]
    [InlineData("demo-0")]
    [InlineData("demo-2")]
    public async Task A_member_that_had_data_never_starts_without_though_its_pod_is_the_first(string member)
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        string uid = harness.Api.All<V1Pod>().Single(pod => pod.Name() == member).Uid();

        harness.Members.Empty(member);
        await harness.StepAsync();
        Assert.False(harness.Members.IsUp(member));
        Assert.Equal(uid, harness.Api.All<V1Pod>().Single(pod => pod.Name() == member).Uid());
        await harness.SettleAsync();

        Assert.DoesNotContain(member, harness.Api.All<V1Pod>().Select(pod => pod.Name()));
    }

    /// <summary>As when the request was thought lost, its member given up, and it arrives after all.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_learner_that_is_not_on_record_is_taken_in_or_taken_out(int replicas)
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        harness.Members.AddLate("http://demo-7.demo-peers.default.svc.cluster.local:2380", isLearner: true);

        harness.Change(cluster => cluster.Spec.Replicas = replicas);
        await harness.StepAsync();
        await harness.SettleAsync();

        Assert.Equal(replicas, harness.Members.VoterCount);
        Assert.Equal(8, harness.Cluster!.Status.NextMember);
    }

    /// <summary>Once one was taken out and the other's pod has ended, one of two would be left.</summary>
    [Fact]
    public async Task A_member_with_data_stays_while_the_volume_of_another_goes()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        harness.Kubelet.Troubles["demo-1"] = PodTrouble.ImageMissing;
        harness.Api.MarkDeleted<V1PersistentVolumeClaim>("data-demo-2");
        harness.Change(cluster => cluster.Spec.Replicas = 2);
        for (int step = 0; step < 40; step++)
            await harness.StepAsync();
        Assert.True(harness.Members.IsVoter("demo-1"));

        harness.Kubelet.Troubles.Clear();
        await harness.SettleAsync();

        Assert.Equal(2, harness.Members.VoterCount);
    }

    [Fact]
    public async Task Shared_objects_that_somebody_deletes_come_back()
    {
        using var harness = new Harness(replicas: 1, isCacheBehind: true);
        await harness.SettleAsync();

        harness.Api.Remove<V1Service>("demo");
        harness.Api.Remove<V1Service>("demo-peers");
        harness.Api.Remove<V1PodDisruptionBudget>("demo");
        await harness.StepAsync();

        Assert.Equal(["demo", "demo-peers"], harness.Api.All<V1Service>().Select(service => service.Name()));
        Assert.Single(harness.Api.All<V1PodDisruptionBudget>());
    }

    [Fact]
    public async Task A_bad_image_stops_after_one_member_and_a_good_one_mends_it()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        harness.Kubelet.BadImages.Add("bad:3.7.2");

        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Image = "bad:3.7.2");
        for (int step = 0; step < 400; step++)
            await harness.StepAsync();

        Assert.Equal(2, harness.Api.All<V1Pod>().Count(pod => harness.Members.IsUp(pod.Name())));
        AssertCondition(harness.Cluster!.Status, "Degraded", "True", "RolloutStalled");
        AssertCondition(harness.Cluster!.Status, "Available", "True", "QuorumServes");

        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Image = "good:3.7.2");
        await harness.SettleAsync();

        Assert.All(harness.Api.All<V1Pod>(), pod => Assert.Equal("good:3.7.2", pod.Spec.Containers![0].Image));
    }

    [Fact]
    public async Task A_bad_image_is_mended_by_taking_it_back()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        string image = harness.Api.All<V1Pod>()[0].Spec.Containers![0].Image!;
        harness.Kubelet.BadImages.Add("bad:3.7.2");
        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Image = "bad:3.7.2");
        for (int step = 0; step < 100; step++)
            await harness.StepAsync();

        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Image = null);
        await harness.SettleAsync();

        Assert.All(harness.Api.All<V1Pod>(), pod => Assert.Equal(image, pod.Spec.Containers![0].Image));
    }

    [Theory]
    [InlineData(VolumeRetention.Retain, 3)]
    [InlineData(VolumeRetention.Delete, 0)]
    public async Task A_deleted_cluster_leaves_its_volumes_or_not(VolumeRetention fate, int left)
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Storage.Retention.WhenDeleted = fate);

        harness.Api.MarkDeleted<V1KvCluster>("demo");
        for (int step = 0; step < 60 && harness.Cluster is not null; step++)
            await harness.StepAsync();

        Assert.Null(harness.Cluster);
        Assert.Empty(harness.Api.All<V1Pod>());
        Assert.Equal(left, harness.Api.All<V1PersistentVolumeClaim>().Count);
    }

    [Fact]
    public async Task What_stands_in_the_way_is_reported_and_left_alone()
    {
        using var harness = new Harness();
        harness.Api.Add(new V1PersistentVolumeClaim
        {
            Metadata = new() { Name = "data-demo-0", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "5Gi" },
                },
            },
        });

        for (int step = 0; step < 20; step++)
            await harness.StepAsync();

        AssertCondition(harness.Cluster!.Status, "Degraded", "True", "ForeignObject");
        Assert.Contains("PersistentVolumeClaim for demo-0", harness.Cluster!.Status.Message, StringComparison.Ordinal);
        Assert.Null(harness.Api.All<V1PersistentVolumeClaim>().Single().GetAnnotation(Names.ClusterUid));

        harness.Api.Remove<V1PersistentVolumeClaim>("data-demo-0");
        await harness.SettleAsync();
    }

    [Fact]
    public async Task A_wrong_specification_is_told_by_field()
    {
        using var harness = new Harness();
        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Storage.Size = "a lot");

        await harness.StepAsync();

        AssertCondition(harness.Cluster!.Status, "SpecValid", "False", "InvalidSpec");
        Assert.Contains("spec.storage.size", harness.Cluster!.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paused_cluster_is_looked_at_and_left_alone()
    {
        using var harness = new Harness();
        await harness.SettleAsync();
        harness.Api.Change<V1KvCluster>("demo", cluster => cluster.Spec.Paused = true);
        await harness.StepAsync();

        harness.Api.MarkDeleted<V1Pod>("demo-1");
        for (int step = 0; step < 10; step++)
            await harness.StepAsync();

        Assert.Equal(2, harness.Api.All<V1Pod>().Count);
        Assert.Equal("Paused", harness.Cluster!.Status.Phase);
        Assert.Equal(2, harness.Cluster.Status.ReadyReplicas);
    }

    /// <summary>Wherever it dies, before a write or after one, the next operator finds its way.</summary>
    [Theory]
    [Seeds(25)]
    public async Task An_operator_that_dies_again_and_again_gets_there(int seed)
    {
        var random = new Random(seed);
        using var harness = new Harness();
        harness.Fate.Strike = Blows.Deaths(random, inWrites: 3);
        for (int change = 0; change < 4; change++)
        {
            int steps = random.Next(5, 60);
            for (int step = 0; step < steps; step++)
                await harness.StepAsync();
            harness.Api.Change<V1KvCluster>("demo", cluster =>
            {
                cluster.Spec.Replicas = random.Next(1, 6);
                cluster.Spec.Image = $"good:3.7.{change}";
            });
        }

        await harness.SettleAsync();

        int replicas = harness.Cluster!.Spec.Replicas;
        Assert.Equal(replicas, harness.Members.Members.Count(line => !line.IsLearner));
        Assert.Equal(replicas, harness.Api.All<V1Pod>().Count);
        Assert.Equal(replicas, harness.Api.All<V1PersistentVolumeClaim>().Count);
        Assert.All(harness.Api.All<V1Pod>(), pod => Assert.Equal("good:3.7.3", pod.Spec.Containers![0].Image));
        Assert.True(harness.Deaths > 0);
    }

    private static void AssertCondition(KvClusterStatus status, string type, string value, string reason)
    {
        V1Condition condition = status.Conditions!.Single(condition => condition.Type == type);
        Assert.Equal((value, reason), (condition.Status, condition.Reason));
    }
}
