using System.Globalization;
using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>Asks the members of an etcd cluster that is being adopted, at the endpoints that the specification names
/// and at the URLs that they themselves tell. What answers there may be anything, and is believed only if it is of the
/// right cluster.</summary>
internal sealed class SourceReader(IKubernetesClient client, IMemberCalls calls)
{
    /// <summary>The minor versions of etcd that members of ours are known to join.</summary>
    private static readonly Version[] Known = [new(3, 5)];

    /// <summary>What a member that is not ours is called.</summary>
    public static string NameOf(ulong id) => "~" + id.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Null if no cluster is being adopted.</summary>
    /// <param name="ours">What our own members told in this look.</param>
    public async Task<SourceLook?> LookAsync(
        ClusterLayout layout,
        WantedCluster wanted,
        ClusterRecord record,
        IReadOnlyList<MemberReport> ours,
        CancellationToken stop)
    {
        bool isAsked = wanted is { Adopts: true, IsDeleting: false, Problem: null } && record.AdoptedAt is null;
        if (!isAsked)
            return null;

        MemberLine[]? others = OthersIn(layout, record.ClusterId, ours);
        if (others is { Length: 0 })
            return new SourceLook(new SourceFound(record.ClusterId), [], []);

        EtcdSource spec = layout.Spec.Bootstrap!.FromEtcd!;
        (MemberTrust? trust, string? fault) = await TrustAsync(layout, spec, stop);
        if (fault is not null)
            return SourceLook.Of(Obstacle.EtcdUntrusted, fault);

        Asked[] named = await AskAsync(spec.Endpoints, trust, stop);
        ulong id = record.ClusterId != 0
            ? record.ClusterId
            : named.Select(each => each.Report?.Answer.ClusterId ?? 0).FirstOrDefault(each => each != 0);
        others ??= OthersIn(layout, id, [.. named.Select(each => each.Report).OfType<MemberReport>()]);
        Asked[] all = [.. named, .. await AskAsync(Unheard(others ?? [], spec, named), trust, stop)];
        Asked[] good =
        [
            .. all.Where(each => each.Report is { } report && report.Answer.ClusterId == id &&
                    (others is null || others.Any(line => line.Id == report.Answer.Id)))
                .DistinctBy(each => each.Report!.Answer.Id),
        ];
        SourceFound found = Judge(id, record.ClusterId, named, good);
        return new SourceLook(
            found.Obstacle is null ? JudgePeers(layout, found, others ?? []) : found,
            [.. good.Select(each => each.Endpoint with { Member = NameOf(each.Report!.Answer.Id) })],
            [.. good.Select(each => Rename(each.Report!))]);
    }

    private static SourceFound Judge(ulong id, ulong latched, Asked[] named, Asked[] good)
    {
        Asked? another = Array.Find(named, each => each.Report is { } report && report.Answer.ClusterId != id);
        if (another is not null)
        {
            string theirs = StatusRecord.FormatId(another.Report!.Answer.ClusterId);
            return new SourceFound(id)
            {
                Obstacle = Obstacle.EtcdIsAnother,
                Trouble = $"{another.Endpoint.Address} is of the cluster {theirs}, and not of " +
                    $"{StatusRecord.FormatId(id)}.",
            };
        }

        MemberAnswer? unknown = Array.Find(good, each => !IsKnown(each.Report!.Answer.Version))?.Report!.Answer;
        if (unknown is not null)
        {
            string known = string.Join(", ", Known.Select(version => version.ToString(fieldCount: 2)));
            return new SourceFound(id)
            {
                Obstacle = Obstacle.EtcdUnsupported,
                Trouble = $"The etcd cluster runs {unknown.Version}; clusters of etcd {known} can be adopted.",
            };
        }

        Asked? silent = Array.Find(named, each => each.Fault is { IsUntrusted: true })
            ?? Array.Find(named, each => each.Fault is not null);
        if (good.Length == 0 && silent is { Fault: { } fault })
        {
            return new SourceFound(id)
            {
                Obstacle = fault.IsUntrusted ? Obstacle.EtcdUntrusted : Obstacle.EtcdUnreachable,
                Trouble = $"Nobody of the etcd cluster answers; {silent.Endpoint.Address}: {fault.Message}",
            };
        }

        bool isMute = latched == 0 && good.All(each => each.Report!.Members is null);
        return isMute
            ? new SourceFound(id)
            {
                Obstacle = Obstacle.EtcdUnreachable,
                Trouble = "Those of the etcd cluster who answer have no quorum behind them.",
            }
            : new SourceFound(id);
    }

    /// <summary>Members that do not hear each other are no cluster: who joined would never catch up.</summary>
    private static SourceFound JudgePeers(ClusterLayout layout, SourceFound found, MemberLine[] others)
    {
        string scheme = layout.PeerScheme + "://";
        MemberLine? other = Array.Find(
            others, line => !line.PeerUrl.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));
        if (other is null)
            return found;

        string what = layout.HasPeerTls
            ? "plain text, and ours would speak TLS: make this KvCluster anew without spec.tls.peer."
            : "TLS: make this KvCluster anew with spec.tls.peer, and certificates of their authority.";
        return found with
        {
            Obstacle = Obstacle.EtcdUntrusted,
            Trouble = $"The members of the etcd cluster reach each other at {other.PeerUrl}: they speak {what}",
        };
    }

    private static bool IsKnown(string version) =>
        Version.TryParse(version.Split('-', '+')[0], out Version? parsed) &&
        Known.Any(known => known.Major == parsed.Major && known.Minor == parsed.Minor);

    private static MemberReport Rename(MemberReport report) =>
        report with { Answer = report.Answer with { Member = NameOf(report.Answer.Id) } };

    /// <summary>The lines of members that are not ours; null if nobody of that cluster could tell the members.
    /// </summary>
    private static MemberLine[]? OthersIn(ClusterLayout layout, ulong clusterId, IReadOnlyList<MemberReport> reports) =>
        reports.Where(report => report.Answer.ClusterId == clusterId && report.Members is not null)
            .OrderByDescending(report => report.Answer.Term)
            .FirstOrDefault()?.Members!
            .Where(line => layout.MemberAt(line.PeerUrl) is null).ToArray();

    /// <summary>Where members say that they are who did not answer where we were told.</summary>
    private static IEnumerable<string> Unheard(MemberLine[] others, EtcdSource spec, Asked[] named) => others
        .Where(line => named.All(each => each.Report?.Answer.Id != line.Id))
        .SelectMany(line => line.ClientUrls)
        .Where(url => Uri.TryCreate(url, UriKind.Absolute, out _))
        .Except(spec.Endpoints).Distinct(StringComparer.Ordinal);

    private Task<Asked[]> AskAsync(IEnumerable<string> urls, MemberTrust? trust, CancellationToken stop) =>
        Task.WhenAll(urls.Select(url => AskAsync(new Uri(url), trust, stop)));

    private async Task<Asked> AskAsync(Uri url, MemberTrust? trust, CancellationToken stop)
    {
        var endpoint = new MemberEndpoint($"~{url.Authority}", url, url.Host)
        {
            Trust = url.Scheme == "https" ? trust : null,
        };
        try
        {
            return new Asked(endpoint, await calls.AskForeignAsync(endpoint, stop), null);
        }
        catch (MemberCallException fault)
        {
            return new Asked(endpoint, null, fault);
        }
    }

    private async Task<(MemberTrust? Trust, string? Fault)> TrustAsync(
        ClusterLayout layout, EtcdSource spec, CancellationToken stop)
    {
        if (spec.TlsSecret is not { } name)
            return (null, null);

        V1Secret? secret = await client.GetAsync<V1Secret>(name, layout.Namespace, stop);
        if (secret is null)
            return (null, $"The Secret {name} does not exist.");
        string Text(string key) =>
            secret.Data is { } data && data.TryGetValue(key, out byte[]? bytes) ? Encoding.UTF8.GetString(bytes) : "";
        var trust = new MemberTrust(Text("ca.crt"), Text("tls.crt"), Text("tls.key"));
        if (trust.Authorities.Length == 0)
            return (null, $"The Secret {name} lacks ca.crt.");
        return trust.Certificate.Length > 0 == trust.Key.Length > 0
            ? (trust, null)
            : (null, $"The Secret {name} has one of tls.crt and tls.key only.");
    }

    private sealed record Asked(MemberEndpoint Endpoint, MemberReport? Report, MemberCallException? Fault);
}

/// <summary>One look at an etcd cluster that is being adopted.</summary>
internal sealed record SourceLook(
    SourceFound Found, IReadOnlyList<MemberEndpoint> Endpoints, IReadOnlyList<MemberReport> Reports)
{
    public static SourceLook Of(Obstacle obstacle, string trouble) =>
        new(new SourceFound(0) { Obstacle = obstacle, Trouble = trouble }, [], []);
}
