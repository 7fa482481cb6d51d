using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>What concerns all: this process, and how many clusters are how.</summary>
/// <param name="scene">All that is known.</param>
/// <param name="shown">Clusters that the page shows.</param>
internal sealed class SummaryPart(PageScene scene, int shown)
{
    /// <summary>A manifest to begin with, as in the README.</summary>
    private const string FirstCluster =
        """
        kubectl apply -f - <<EOF
        apiVersion: kvoperator.io/v1
        kind: KvCluster
        metadata: { name: demo }
        spec: { replicas: 3, storage: { size: 1Gi } }
        EOF
        """;

    private static readonly ClusterState[] States = Enum.GetValues<ClusterState>();

    public Markup Write() => Markup.Of(
        $"""
        <section class="summary" aria-labelledby="summary"><h2 id="summary" class="unseen">Summary</h2>
        {Process()}{Counts()}{Empty()}{More()}</section>

        """);

    private Markup Process()
    {
        string part = scene.Leads ? "This operator leads" : "This operator stands by; another leads";
        string where = scene.Namespaces.Count == 0
            ? "all namespaces"
            : $"the namespaces {string.Join(", ", scene.Namespaces)}";
        Markup trouble = scene.Trouble is { } text
            ? Markup.Of($"""<p class="note no">{Signs.Bad}This operator is not well: {text}</p>""")
            : Markup.Empty;
        return Markup.Of(
            $"""
            <p class="process">{part}. It looks at {where}; clusters run {scene.DefaultVersion} by default.</p>{trouble}
            """);
    }

    private Markup Counts()
    {
        if (scene.Clusters.Count == 0)
            return Markup.Empty;
        var counts = scene.Clusters.CountBy(ClusterStates.Of).ToDictionary();
        IEnumerable<Markup> lines = States.Where(counts.ContainsKey).Select(state => Markup.Of(
            $"""
            <li class="badge {state.ToString().ToLowerInvariant()}">{Signs.Of(state)}<b>{counts[state]}</b>
            {ClusterStates.TextOf(state)}</li>

            """));
        int serving = scene.Clusters.Sum(cluster => MembersOf(cluster).Count(member => member.Healthy == true));
        int members = scene.Clusters.Sum(cluster => MembersOf(cluster).Count);
        string clusters = scene.Clusters.Count == 1 ? "cluster" : "clusters";
        return Markup.Of(
            $"""
            <p>{scene.Clusters.Count} {clusters}, {serving} of {members} members serve.</p>
            <ul class="counts">{lines}</ul>
            """);
    }

    private Markup Empty()
    {
        if (scene.Clusters.Count > 0)
            return Markup.Empty;
        if (!scene.AreCachesFilled)
        {
            return Markup.Of(
                $"""<p class="note">The clusters have not been read yet. Nothing is known before that.</p>""");
        }

        return Markup.Of(
            $"""
            <div class="empty"><h2>There are no clusters yet</h2>
            <p>Five lines make one:</p>
            <pre id="first" tabindex="0"><code>{FirstCluster}</code></pre>
            <p>It appears here as soon as it is there.</p></div>
            """);
    }

    private Markup More()
    {
        int left = scene.Clusters.Count - shown;
        return left == 0
            ? Markup.Empty
            : Markup.Of(
                $"""
                <p class="note">{left} more, none of them worse, are not shown:
                <code>kubectl get kvc -A</code>.</p>
                """);
    }

    private static IList<KvMemberStatus> MembersOf(V1KvCluster cluster) => cluster.Status?.Members ?? [];
}
