using System.Security.Cryptography;
using System.Text;
using Kv.Kubernetes;
using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>The page at one moment, in parts that can be replaced one by one: the summary, and each cluster.</summary>
internal sealed class PageView
{
    /// <summary>More would be a page that nobody reads and each stream pays for. Those in trouble come first.</summary>
    public const int ClustersMax = 200;

    private const string Summary = "summary";

    private PageView(IReadOnlyList<Part> parts) => Parts = parts;

    public IReadOnlyList<Part> Parts { get; }

    public static PageView Of(PageScene scene)
    {
        ILookup<(string?, string), V1KvSnapshot> snapshots =
            scene.Snapshots.ToLookup(snapshot => (snapshot.Namespace(), snapshot.Spec.Cluster));
        V1KvCluster[] clusters =
        [
            .. scene.Clusters.OrderBy(ClusterStates.Of)
                .ThenBy(cluster => cluster.Namespace(), StringComparer.Ordinal)
                .ThenBy(cluster => cluster.Name(), StringComparer.Ordinal).Take(ClustersMax),
        ];
        var summary = new SummaryPart(scene, clusters.Length);
        return new PageView(
        [
            new Part(Summary, "", summary.Write()),
            .. clusters.Select(cluster => new Part(
                $"{cluster.Namespace()}/{cluster.Name()}",
                ClusterStates.TextOf(ClusterStates.Of(cluster)),
                new ClusterPart(
                    cluster, [.. snapshots[(cluster.Namespace(), cluster.Name())]]).Write())),
        ]);
    }

    /// <summary>The whole page.</summary>
    public Markup Write() => Markup.Of(
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>KvOperator</title>
        <link rel="icon" href="data:,">
        <noscript><meta http-equiv="refresh" content="10"></noscript>
        {PageAssets.Style}
        </head>
        <body>
        <header class="top"><h1>KvOperator</h1><p id="live"></p></header>
        <p id="news" class="unseen" role="status"></p>
        <main id="parts">
        {Parts.Select(part => part.Element)}</main>
        <footer><p>As the status of each KvCluster says. The same: <code>kubectl describe kvc NAME</code>.</p></footer>
        {PageAssets.Script}
        </body>
        </html>

        """);

    /// <summary>A part that can be replaced.</summary>
    internal sealed class Part
    {
        private const int MarkBytes = 9;

        /// <param name="id">By which it is known from one view to the next.</param>
        /// <param name="news">What is read out when it becomes another; nothing if empty.</param>
        /// <param name="inner">What is in it.</param>
        public Part(string id, string news, Markup inner)
        {
            Id = id;
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(inner.ToString()));
            Mark = Convert.ToBase64String(hash.AsSpan(0, MarkBytes));
            Element = Markup.Of(
                $"""
                <div class="part" data-part="{id}" data-mark="{Mark}" data-news="{news}">
                {inner}</div>

                """);
        }

        public string Id { get; }

        /// <summary>Differs when the content does.</summary>
        public string Mark { get; }

        public Markup Element { get; }
    }
}
