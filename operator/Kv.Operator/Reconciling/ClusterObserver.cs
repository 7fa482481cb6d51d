using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Planning.Rules;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Reconciling;

/// <summary>Looks at everything that the plan wants to know of a cluster, and changes nothing.</summary>
public sealed class ClusterObserver(
    IClusterObjects objects,
    IKubernetesClient client,
    IMemberCalls calls,
    NodeZones zones,
    TimeProvider clock)
{
    public async Task<Observation> ObserveAsync(
        ClusterLayout layout,
        WantedCluster wanted,
        ClusterMemory memory,
        ClusterCertificates certificates,
        CancellationToken stop)
    {
        ClusterRecord record = StatusRecord.Read(layout.Cluster.Status ?? new KvClusterStatus());
        List<V1Pod> pods = [.. await objects.PodsOfAsync(layout.Namespace, layout.Name, stop)];
        List<V1PersistentVolumeClaim> volumes =
            [.. await objects.VolumesOfAsync(layout.Namespace, layout.Name, stop)];
        await AddForeignAsync(layout, record, pods, volumes, stop);

        IReadOnlyList<MemberEndpoint> endpoints = EndpointsOf(layout, pods, certificates.Trust);
        MemberReport[] reports =
            [.. (await Task.WhenAll(endpoints.Select(each => calls.AskAsync(each, stop)))).OfType<MemberReport>()];
        SourceLook? source = await new SourceReader(client, calls).LookAsync(layout, wanted, record, reports, stop);
        if (source is not null)
        {
            endpoints = [.. endpoints, .. source.Endpoints];
            reports = [.. reports, .. source.Reports];
        }

        IReadOnlyList<MemberEntry>? members = MembersOf(layout, reports);
        VolumeFound[] volumesFound =
            [.. volumes.Select(claim => FoundReader.Read(claim, MemberOf(claim), layout.Uid))];
        bool mustGrow = volumesFound.Any(volume => volume.RequestedBytes < wanted.VolumeBytes);
        string? storageClass =
            volumes.Select(claim => claim.Spec.StorageClassName).FirstOrDefault(each => each is not null);

        (RestoreSource? snapshot, string? problem) =
            await new SnapshotFinder(client).FindAsync(layout, record, wanted.Recovery, stop);
        var found = new FoundCluster
        {
            Now = clock.GetUtcNow(),
            Record = record,
            HasFinalizer = layout.Cluster.HasFinalizer(Names.Finalizer),
            Pods = await FindAsync(layout, pods, volumes, stop),
            Volumes = volumesFound,
            Members = members,
            Answers = CountLooks(reports, memory),
            Alarms = await AlarmsAsync(endpoints, reports, stop),
            CanVolumesGrow = mustGrow && (await objects.CanGrowAsync(storageClass, stop) ?? true),
            Source = source?.Found,
            LeaderMoveFailures = memory.LeaderMoveFailures,
            SnapshotProblem = problem,
            UpgradeSnapshot = await UpgradeSnapshots.FindAsync(client, layout, wanted, record, stop),
        };
        found = found with { IsSnapshotTaken = await IsSnapshotTakenAsync(layout, wanted, found, stop) };
        return new Observation(pods, volumes, endpoints, found)
        {
            Snapshot = snapshot,
            CertificatesEndAt = certificates.EndsAt,
        };
    }

    /// <summary>Asked only when a store is to be shortened: nothing else has to wait for it.</summary>
    private async Task<bool> IsSnapshotTakenAsync(
        ClusterLayout layout, WantedCluster wanted, FoundCluster found, CancellationToken stop)
    {
        if (UpkeepRules.DueMember(new Scene(wanted, found)) is null)
            return false;
        IList<V1KvSnapshot> snapshots = await client.ListAsync<V1KvSnapshot>(layout.Namespace, cancellationToken: stop);
        return snapshots.Any(each => each.Spec.Cluster == layout.Name &&
            each.Status?.Phase is SnapshotReport.Running or SnapshotReport.Verifying);
    }

    private async Task<IReadOnlyList<PodFound>> FindAsync(
        ClusterLayout layout,
        List<V1Pod> pods,
        List<V1PersistentVolumeClaim> volumes,
        CancellationToken stop)
    {
        var found = new List<PodFound>();
        foreach (V1Pod pod in pods)
        {
            PodFound read = FoundReader.Read(pod, pod.Name(), layout.Uid) with
            {
                Node = pod.Spec.NodeName ?? "",
                Zone = await zones.OfAsync(pod, stop),
            };
            V1PersistentVolumeClaim? claim =
                volumes.Find(each => each.Name() == ClusterLayout.VolumeNameOf(pod.Name()));
            found.Add(await UnboundVolumes.ExplainAsync(read, claim, client, stop));
        }

        return found;
    }

    /// <summary>What stands where ours should be has none of our labels, and is found by name alone.</summary>
    private async Task AddForeignAsync(
        ClusterLayout layout,
        ClusterRecord record,
        List<V1Pod> pods,
        List<V1PersistentVolumeClaim> volumes,
        CancellationToken stop)
    {
        foreach (MemberRecord member in record.Members)
        {
            string claimName = ClusterLayout.VolumeNameOf(member.Name);
            bool hasVolume = volumes.Any(claim => claim.Name() == claimName);
            if (!hasVolume)
                AddFound(volumes, await client.GetAsync<V1PersistentVolumeClaim>(claimName, layout.Namespace, stop));
            if (pods.All(pod => pod.Name() != member.Name))
                AddFound(pods, await client.GetAsync<V1Pod>(member.Name, layout.Namespace, stop));
        }
    }

    private static void AddFound<TEntity>(List<TEntity> to, TEntity? found)
        where TEntity : class
    {
        if (found is not null)
            to.Add(found);
    }

    private static List<MemberEndpoint> EndpointsOf(ClusterLayout layout, IEnumerable<V1Pod> pods, MemberTrust? trust)
    {
        if (layout.HasClientTls && trust is null)
            return []; // without certificates there is nothing to say to anybody yet

        return
        [
            .. pods
                .Where(pod => pod.GetAnnotation(Names.ClusterUid) == layout.Uid)
                .Where(pod => !string.IsNullOrEmpty(pod.Status.PodIP))
                .Select(pod => new MemberEndpoint(
                    pod.Name(),
                    new UriBuilder(layout.ClientScheme, pod.Status.PodIP, ClusterLayout.ClientPort).Uri,
                    layout.HostOf(pod.Name()))
                {
                    Trust = trust,
                }),
        ];
    }

    /// <summary>The members as one that has a quorum behind it has them.</summary>
    private static MemberEntry[]? MembersOf(ClusterLayout layout, IEnumerable<MemberReport> reports) =>
        reports.OrderByDescending(report => report.Answer.Term)
            .Select(report => report.Members)
            .FirstOrDefault(members => members is not null)?
            .Select(line => new MemberEntry(line.Id, NameOf(layout, line), line.PeerUrl)
            {
                IsLearner = line.IsLearner,
                HasStarted = line.Name.Length > 0,
                TheirName = line.Name,
                OtherPeerUrls = line.OtherPeerUrls,
            })
            .ToArray();

    private static string NameOf(ClusterLayout layout, MemberLine line) =>
        layout.MemberAt(line.PeerUrl) ?? SourceReader.NameOf(line.Id);

    private async Task<IReadOnlyList<AlarmFound>> AlarmsAsync(
        IEnumerable<MemberEndpoint> endpoints,
        MemberReport[] reports,
        CancellationToken stop)
    {
        // Asking for the alarms is an entry of the log, so it is asked only when somebody says that there are any.
        MemberReport? serving = reports.FirstOrDefault(report => report.Members is not null);
        if (serving is null || !reports.Any(report => report.HasAlarms))
            return [];

        MemberEndpoint endpoint = endpoints.First(each => each.Member == serving.Answer.Member);
        return await calls.ListAlarmsAsync(endpoint, stop);
    }

    private MemberAnswer[] CountLooks(MemberReport[] reports, ClusterMemory memory)
    {
        ulong furthest = reports.Length == 0 ? 0 : reports.Max(report => report.Answer.RaftIndex);
        return
        [
            .. reports.Select(report => report.Answer with
            {
                CaughtUpLooks = memory.CountCaughtUp(
                    report.Answer.Id,
                    report.Answer.LeaderId != 0 && furthest <= report.Answer.AppliedIndex + Scene.LagMax,
                    clock),
            }),
        ];
    }

    private static string MemberOf(V1PersistentVolumeClaim claim)
    {
        const string Prefix = "data-";
        return claim.Name().StartsWith(Prefix, StringComparison.Ordinal) ? claim.Name()[Prefix.Length..] : claim.Name();
    }
}
