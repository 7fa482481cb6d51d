using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>The members of a cluster, a line for each.</summary>
internal sealed class MemberTable(V1KvCluster cluster)
{
    private static readonly string[] Columns = ["Member", "Role", "Serves", "Version", "Store", "Node", "State"];

    public Markup Write(string id, string caption, IList<KvMemberStatus> members) =>
        Tables.Of(id, caption, Columns, members.Select(Row));

    private Markup[] Row(KvMemberStatus member) =>
    [
        Shown.Text(member.Name),
        member.Role == "Leader" ? Markup.Of($"<strong>Leader</strong>") : Shown.Text(member.Role),
        Shown.YesOrNo(member.Healthy, "yes", "no"),
        Shown.Text(member.Version),
        Store(member),
        member.Zone is { Length: > 0 } zone ? Markup.Of($"{member.Node}, {zone}") : Shown.Text(member.Node),
        State(member),
    ];

    private Markup Store(KvMemberStatus member)
    {
        if (member.DbSize is not { } size)
            return Shown.Nothing;
        string inUse = member.DbSizeInUse is { } used ? $", {Shown.Bytes(used)} in use" : "";
        if (Quota() is not { } quota)
            return Markup.Of($"{Shown.Bytes(size)}{inUse}");
        string of = $"{Shown.Bytes(size)} of {Shown.Bytes(quota)}";
        return Markup.Of(
            $"""
            <meter min="0" max="{quota}" low="{quota / 10 * 8}" high="{quota / 10 * 9}" optimum="0" value="{size}"
            aria-label="Store of {member.Name}"></meter> <span class="size">{of}{inUse}</span>
            """);
    }

    /// <summary>A specification that is not valid may have no size that can be read.</summary>
    private long? Quota() => ResourceQuantity.TryParse(cluster.Spec.Storage.Quota, out ResourceQuantity? quota)
        ? quota!.ToInt64()
        : cluster.Status?.DefaultQuota;

    private static Markup State(KvMemberStatus member)
    {
        IEnumerable<Markup> alarms = (member.Alarms ?? []).Select(alarm =>
            Markup.Of($""" <span class="no">{Signs.Bad}Alarm {alarm}</span>"""));
        Markup silent = member.SilentSince is { } since
            ? Markup.Of($", went silent {Shown.Time(since)}")
            : Markup.Empty;
        Markup restarts = member.Restarts is > 0 and { } count ? Markup.Of($", restarts: {count}") : Markup.Empty;
        Markup why = member.Reason is { Length: > 0 } reason ? Markup.Of($": {reason}") : Markup.Empty;
        return Markup.Of($"{member.Phase}{why}{silent}{restarts}{alarms}");
    }
}
