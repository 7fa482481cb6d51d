using System.Collections.Concurrent;
using System.Net;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>Brings one cluster a step nearer to what is wanted: look, plan, write down, do. Called with a name and
/// nothing else, it looks at the whole whatever woke it. It looks at caches first; only when there is something to do
/// does it look at the API itself, plan again, and act on that.</summary>
public sealed class ClusterReconciler(
    IKubernetesClient client,
    IClusterObjects cached,
    IMemberCalls calls,
    IClusterTrust trust,
    IClusterEvents events,
    OperatorDefaults defaults,
    TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, ClusterMemory> _memories = new();
    private readonly LiveObjects _live = new(client);
    private readonly ClusterHands _hands = new(client, calls);
    private readonly SharedObjectsKeeper _keeper = new(client);
    private readonly NodeZones _zones = new(client, clock);

    /// <summary>How patient plans are; tests are less so.</summary>
    public PlanTimes Times { get; init; } = new();

    /// <summary>How often members of a cluster that is as wanted are asked how they are.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <returns>When to look again though nothing is heard; null for never.</returns>
    /// <exception cref="KubernetesException">The API refused something; to be tried again later.</exception>
    /// <exception cref="MemberCallException">The cluster refused something; to be tried again later.</exception>
    public async Task<TimeSpan?> ReconcileAsync(string @namespace, string name, CancellationToken stop)
    {
        ClusterAction? action = await PassAsync(cached, mayAct: cached is LiveObjects, @namespace, name, stop);
        if (action is { IsPassive: false } && cached is not LiveObjects)
            action = await PassAsync(_live, mayAct: true, @namespace, name, stop);

        return action switch
        {
            null => null,
            ClusterAction.Nothing or ClusterAction.Blocked => Heartbeat,
            ClusterAction.Wait wait => PauseBeforeNext($"{@namespace}/{name}", wait),
            ClusterAction.LetGo => null,
            _ => TimeSpan.FromMilliseconds(50), // to see what came of it, and plan anew
        };
    }

    private async Task<ClusterAction?> PassAsync(
        IClusterObjects objects, bool mayAct, string @namespace, string name, CancellationToken stop)
    {
        V1KvCluster? cluster = await objects.FindAsync(@namespace, name, stop);
        if (cluster is null)
        {
            _memories.TryRemove($"{@namespace}/{name}", out _);
            return null;
        }

        ClusterMemory memory = MemoryOf(cluster);
        var layout = new ClusterLayout(cluster, defaults);
        WantedCluster wanted = WantedReader.Read(layout, Times);
        (ClusterAction? obstacle, ClusterCertificates certificates) =
            await PrepareAsync(objects, layout, wanted, memory, stop);
        var observer = new ClusterObserver(objects, client, calls, _zones, clock);
        Observation seen = await observer.ObserveAsync(layout, wanted, memory, certificates, stop);
        ClusterRecord record = RecordTimers.Refresh(wanted, seen.Found);
        FoundCluster found = seen.Found with { Record = record };
        Step step = PlanStep(wanted, found, obstacle);

        if (!step.Action.IsPassive && !mayAct)
            return step.Action;

        record = step.Action.Intend(record, found.Now);
        return await ActAsync(layout, seen with { Found = found }, record, memory, step, stop);
    }

    /// <summary>Writes down what is intended, and does it.</summary>
    private async Task<ClusterAction> ActAsync(
        ClusterLayout layout,
        Observation seen,
        ClusterRecord record,
        ClusterMemory memory,
        Step step,
        CancellationToken stop)
    {
        // What the API has refused just so is tried again before it is told: else the status would say by turns that
        // it is being done and that it cannot be.
        bool isOfObject =
            step.Action is ClusterAction.CreatePod or ClusterAction.CreateVolume or ClusterAction.TakeSnapshot;
        bool wasRefused = isOfObject && memory.Refused == step.Action;
        if (!wasRefused)
        {
            layout = await ReportAsync(layout, seen, record, step, stop);
            Tell(layout.Cluster, memory, step);
        }

        try
        {
            if (!step.Action.IsPassive)
            {
                await _hands.DoAsync(layout, seen, memory, step.Action, stop);
                ReconcileSpan.AddEvent(step.Action.GetType().Name, EventText.Of(step.Action));
            }

            memory.Refused = null;
            return step.Action;
        }
        catch (KubernetesException refused) when (IsRefusal(refused))
        {
            memory.Refused = step.Action;
            step = BlockedBy(step.Wanted, BlockOf(refused));
            layout = await ReportAsync(layout, seen, record, step, stop);
            Tell(layout.Cluster, memory, step);
            return step.Action;
        }
    }

    /// <summary>Whether the API does not take an object, and will not take the same another time.</summary>
    private static bool IsRefusal(KubernetesException failure) =>
        failure.IsInvalid || failure.IsForbidden || failure.Code == HttpStatusCode.BadRequest;

    /// <summary>An object that is wrong was made from a specification that is; one that is not allowed may be allowed
    /// later.</summary>
    private static ClusterAction.Blocked BlockOf(KubernetesException refused) => new(
        refused.IsForbidden ? Obstacle.NotAllowed : Obstacle.InvalidSpec,
        $"The API refuses an object of this cluster: {refused.Status.Message}");

    private static Step BlockedBy(WantedCluster wanted, ClusterAction obstacle) => obstacle switch
    {
        ClusterAction.Blocked { Obstacle: Obstacle.InvalidSpec } =>
            new Step(wanted with { Problem = obstacle.Why }, "specification", obstacle),
        ClusterAction.Wait => new Step(wanted, "bootstrap", obstacle),
        _ => new Step(wanted, "foreign objects", obstacle),
    };

    /// <summary>An obstacle is of no interest where nothing would be made anyway.</summary>
    private static Step PlanStep(WantedCluster wanted, FoundCluster found, ClusterAction? obstacle)
    {
        if (obstacle is not null && IsTouched(wanted))
            return BlockedBy(wanted, obstacle);
        (string rule, ClusterAction action) = ClusterPlan.Explain(wanted, found);
        return new Step(wanted, rule, action);
    }

    private static bool IsTouched(WantedCluster wanted) =>
        wanted is { IsDeleting: false, IsPaused: false, Problem: null };

    /// <summary>Services and certificates, before anything that needs them.</summary>
    private async Task<(ClusterAction? Obstacle, ClusterCertificates Certificates)> PrepareAsync(
        IClusterObjects objects,
        ClusterLayout layout,
        WantedCluster wanted,
        ClusterMemory memory,
        CancellationToken stop)
    {
        bool isTouched = IsTouched(wanted);
        try
        {
            ClusterCertificates certificates = await trust.PrepareAsync(layout, isTouched, stop);
            if (isTouched)
            {
                int voters = layout.Cluster.Status?.Members?.Count(member => member.Role is "Leader" or "Voter") ?? 0;
                await _keeper.KeepAsync(objects, layout, memory, voters, stop);
            }

            return (null, certificates);
        }
        catch (ObstacleException found)
        {
            return (new ClusterAction.Blocked(found.Obstacle, found.Message), ClusterCertificates.None);
        }
        catch (CertificatePendingException pending)
        {
            return (new ClusterAction.Wait(pending.Message, Times.Recheck), ClusterCertificates.None);
        }
        catch (KubernetesException refused) when (IsRefusal(refused))
        {
            return (BlockOf(refused), ClusterCertificates.None);
        }
    }

    /// <summary>Writes the status if it says something new: the intent, among the rest, and so before the act. If
    /// somebody else has written it since it was read, this pass is over.</summary>
    private async Task<ClusterLayout> ReportAsync(
        ClusterLayout layout, Observation seen, ClusterRecord record, Step step, CancellationToken stop)
    {
        KvClusterStatus status = StatusReport.Make(layout, seen, record, step);
        if (StatusReport.AreEqual(layout.Cluster.Status, status))
            return layout;

        V1KvCluster changed = KubernetesJson.Clone(layout.Cluster);
        changed.Status = status;
        V1KvCluster written = await client.UpdateStatusAsync(changed, stop);
        return new ClusterLayout(written, defaults);
    }

    private void Tell(V1KvCluster cluster, ClusterMemory memory, Step step)
    {
        bool isSilent = step.Action is ClusterAction.Nothing or ClusterAction.Wait;
        string reason = step.Action is ClusterAction.Blocked blocked
            ? blocked.Obstacle.ToString()
            : step.Action.GetType().Name;
        string text = EventText.Of(step.Action);
        if (isSilent || memory.LastEvent == (reason, text))
            return;

        memory.LastEvent = (reason, text);
        events.Publish(cluster, step.Action is ClusterAction.Blocked, reason, text);
    }

    private TimeSpan PauseBeforeNext(string key, ClusterAction.Wait wait) =>
        _memories.TryGetValue(key, out ClusterMemory? memory)
            ? memory.PauseBeforeNext(wait.Why, wait.Recheck)
            : wait.Recheck;

    /// <summary>Of this very object: one that was made anew under the name starts with an empty memory.</summary>
    private ClusterMemory MemoryOf(V1KvCluster cluster)
    {
        string key = $"{cluster.Namespace()}/{cluster.Name()}";
        return _memories.AddOrUpdate(
            key,
            _ => new ClusterMemory { Uid = cluster.Uid() },
            (_, known) => known.Uid == cluster.Uid() ? known : new ClusterMemory { Uid = cluster.Uid() });
    }
}
