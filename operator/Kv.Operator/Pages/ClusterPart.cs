using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>One cluster: how it is, what is being done and why, its members, its snapshots, its conditions.</summary>
internal sealed class ClusterPart(V1KvCluster cluster, IReadOnlyList<V1KvSnapshot> snapshots)
{
    private readonly KvClusterStatus _status = cluster.Status ?? new KvClusterStatus();

    private string Name => $"{cluster.Namespace()}/{cluster.Name()}";

    /// <summary>What anchors and the elements of this part are called by. A namespace has no dot.</summary>
    private string Id => $"c-{cluster.Namespace()}.{cluster.Name()}";

    public Markup Write()
    {
        ClusterState state = ClusterStates.Of(cluster);
        string look = state.ToString().ToLowerInvariant();
        return Markup.Of(
            $"""
            <article class="cluster {look}" aria-labelledby="{Id}">
            <header><h2 id="{Id}"><span class="space">{cluster.Namespace()}/</span>{cluster.Name()}</h2>
            <p class="badge {look}">{Signs.Of(state)}{ClusterStates.TextOf(state)}</p></header>
            {Doing(state)}{Facts()}{Members()}{Foreign()}{new SnapshotTable(Id, Name, snapshots).Write()}{Conditions()}
            </article>

            """);
    }

    /// <summary>What the operator is doing, and why; or what it waits for.</summary>
    private Markup Doing(ClusterState state)
    {
        if (state == ClusterState.New)
            return Markup.Of($"""<p class="doing">The operator has not looked at this cluster yet.</p>""");
        Markup since = _status.Operation?.StartedAt is { } started
            ? Markup.Of($""" <span class="since">(begun {Shown.Time(started)})</span>""")
            : Markup.Empty;
        string what = cluster.DeletionTimestamp() is null ? _status.Phase ?? "" : "Deleting";
        Markup why = string.IsNullOrEmpty(_status.Message) ? Markup.Empty : Markup.Of($" {_status.Message}");
        return Markup.Of(
            $"""
            <div class="doing"><p><strong>{what}</strong>{since}:{why}</p>
            {Trouble(state)}{Upgrade()}{Recovery()}{Adoption()}</div>

            """);
    }

    /// <summary>The reasons are words that the README explains, so they are shown as they are written there.</summary>
    private Markup Trouble(ClusterState state)
    {
        V1Condition? condition = state switch
        {
            ClusterState.Down => ClusterStates.ConditionOf(cluster, "Available"),
            ClusterState.Invalid => ClusterStates.ConditionOf(cluster, "SpecValid"),
            ClusterState.Degraded => ClusterStates.ConditionOf(cluster, "Degraded"),
            _ => null,
        };
        if (condition is null)
            return Markup.Empty;
        Markup message = condition.Message == _status.Message ? Markup.Empty : Markup.Of($": {condition.Message}");
        Markup when = Shown.Time(condition.LastTransitionTime);
        return Markup.Of($"""<p class="why">Reason <code>{condition.Reason}</code>, seen {when}{message}</p>""");
    }

    private Markup Upgrade()
    {
        if (_status.Upgrade is not { } upgrade)
            return Markup.Empty;
        IList<KvMemberStatus> members = _status.Members ?? [];
        int done = members.Count(member => member.Version == upgrade.To);
        return Markup.Of(
            $"""
            <p>Upgrade from {upgrade.From} to {upgrade.To}:
            <progress max="{members.Count}" value="{done}" aria-label="Members upgraded"></progress>
            {done} of {members.Count} members</p>
            """);
    }

    private Markup Recovery() => _status.Recovery is { } recovery
        ? Markup.Of(
            $"""
            <p>Recovery {recovery.Number ?? 0}, begun {Shown.Time(recovery.StartedAt)}, is at the step
            <strong>{recovery.Step}</strong>. It was asked for as <code>{recovery.Request}</code>.</p>
            """)
        : Markup.Empty;

    private Markup Adoption() => _status.Adoption is { AdoptedAt: null } adoption
        ? Markup.Of($"""<p>Adoption of an etcd cluster: <strong>{adoption.Phase}</strong>.</p>""")
        : Markup.Empty;

    private Markup Facts()
    {
        string scheme = cluster.Spec.Tls?.Client is null ? "http" : "https";
        string service = $"{scheme}://{Names.ClientServiceOf(cluster.Name())}.{cluster.Namespace()}.svc:2379";
        var facts = new List<(string Name, Markup Value)>
        {
            ("Serving", Markup.Of($"{_status.ReadyReplicas ?? 0} of {cluster.Spec.Replicas} voters")),
            ("Leader", Shown.Text(_status.Leader)),
            ("Version", Shown.Text(_status.Version)),
            ("Endpoint", Shown.Code(service)),
            ("Cluster id", Shown.Code(_status.ClusterId)),
        };
        if (cluster.Spec.Snapshots is not null)
        {
            facts.Add(("Last good snapshot", Shown.Time(_status.Snapshots?.LastSuccess)));
            facts.Add(("Next snapshot", Shown.Time(_status.Snapshots?.NextRun)));
        }

        if (_status.CertificatesExpireAt is { } expiry)
            facts.Add(("Certificates end", Shown.Time(expiry)));
        if (_status.LastRecovery is { } last)
            facts.Add(("Last recovery", Markup.Of($"{Shown.Time(last.EndedAt)}: {last.Outcome}")));
        IEnumerable<Markup> lines = facts.Select(fact =>
            Markup.Of($"<div><dt>{fact.Name}</dt><dd>{fact.Value}</dd></div>"));
        return Markup.Of($"""<dl class="facts">{lines}</dl>""");
    }

    private Markup Members() => _status.Members is { Count: > 0 } members
        ? new MemberTable(cluster).Write($"{Id}-members", $"Members of {Name}", members)
        : Markup.Empty;

    private Markup Foreign()
    {
        if (_status.Adoption?.ForeignMembers is not { Count: > 0 } members)
            return Markup.Empty;
        return Tables.Of(
            $"{Id}-foreign",
            $"Members of {Name} that belong to the etcd cluster it takes over",
            ["Name", "Role", "Serves", "Version", "Peer URL"],
            members.Select(member => new[]
            {
                Shown.Text(member.Name ?? member.Id),
                Shown.Text(member.Role),
                Shown.YesOrNo(member.Healthy, "yes", "no"),
                Shown.Text(member.Version),
                Shown.Code(member.PeerUrl),
            }));
    }

    private Markup Conditions()
    {
        if (_status.Conditions is not { Count: > 0 } conditions)
            return Markup.Empty;
        Markup table = Tables.Of(
            $"{Id}-conditions",
            $"Conditions of {Name}",
            ["Condition", "Status", "Reason", "Changed", "Message"],
            conditions.Select(condition => new[]
            {
                Shown.Text(condition.Type),
                Shown.Text(condition.Status),
                Shown.Code(condition.Reason),
                Shown.Time(condition.LastTransitionTime),
                Shown.Text(condition.Message),
            }));
        return Markup.Of($"""<details id="{Id}-more"><summary id="{Id}-sum">Conditions</summary>{table}</details>""");
    }
}
