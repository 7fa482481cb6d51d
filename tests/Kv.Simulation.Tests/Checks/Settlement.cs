using Kv.Simulation.Tests.Clients;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Storage.Pages;
using Kv.Store;

namespace Kv.Simulation.Tests.Checks;

/// <summary>Waits until the members of a healed cluster are of one mind, which must not take long, and compares them to
/// the last byte.</summary>
internal sealed class Settlement(SimulatedWorld world, Cluster cluster, MembershipClient membership)
{
    // Never in step with the members' ticks.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(173.205);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    // Longer than any request may wait: what is under way has its outcome then.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    public void Reach()
    {
        world.RunFor(Quiet);
        Require(AgreeOnMembers, "agree on who is in the cluster");
        Require(AreAlike, "come to the same index under one leader");
    }

    /// <summary>Equal index, equal store: the keys by the hash that members of a cluster compare, and all the rest by
    /// that of the page file.</summary>
    public void RequireEqual()
    {
        Require(AreIdle, "finish compacting");
        foreach (MemberProcess process in cluster.Running)
            process.Do(() => process.Member.Store.Backend.ForceCommit());
        Require(AreIdle, "commit");
        Require(AreAlike, "stay alike");

        string[] found = [.. cluster.Running.Select(Describe)];
        if (found.Distinct().Skip(1).Any())
        {
            throw new SimulationFailedException("members at one index differ:\n  " + string.Join(
                "\n  ", cluster.Running.Zip(found, static (process, what) => $"member {process.Host.Id}: {what}")));
        }
    }

    private void Require(Func<bool> isSo, string what)
    {
        if (world.RunUntil(isSo, Look, Patience))
            return;
        throw new SimulationFailedException($"the healed members do not {what}:\n  " + string.Join(
            "\n  ", cluster.Hosts.Select(Describe)));
    }

    // Whoever was removed without hearing of it is sent away, and who was added is started.
    private bool AgreeOnMembers()
    {
        MemberProcess? leader = Leader();
        if (leader is null || leader.View.Applied < cluster.Rules.LastApplied)
            return false;
        IReadOnlyList<ClusterMember> known = leader.Member.Store.Members.Members;
        membership.Settle(known);
        ulong[] members = [.. known.Select(static member => member.Id).Order()];
        foreach (Host host in cluster.Hosts.Where(host => !members.Contains(host.Id)))
            host.Retire();
        return cluster.Running.Select(static process => process.Host.Id).SequenceEqual(members);
    }

    private bool AreAlike()
    {
        MemberProcess? leader = Leader();
        return leader is not null
            && cluster.Hosts.All(static host => host.Process is not null)
            && cluster.Running.All(process =>
                process.View.Leader == leader.Member.Id
                && process.View.Applied == cluster.Rules.LastApplied
                && process.IsIdle);
    }

    private bool AreIdle() => cluster.Running.All(static process =>
        process.IsIdle && process.Member.Store.Kv.IsCompactionIdle);

    private MemberProcess? Leader() => cluster.Running
        .Where(static process => process.View.IsLeader)
        .MaxBy(static process => process.View.Term);

    private static string Describe(MemberProcess process)
    {
        StoreParts store = process.Member.Store;
        KvError error = store.Kv.HashKv(0, out KeyValueHash hash);
        using ReadTransaction read = store.Backend.BeginRead();
        return $"index {store.Backend.ConsistentIndex}, revision {store.Kv.CurrentRevision}, compacted "
            + $"{store.Kv.CompactRevision}, keys {error} {hash.Hash:x8}, file {BackendHash.Compute(read):x8}";
    }

    private static string Describe(Host host) => host.Process is { } process
        ? $"member {host.Id}: term {process.View.Term}, leader {process.View.Leader}, committed "
            + $"{process.View.Committed}, applied {process.View.Applied}, idle {process.IsIdle}, members "
            + string.Join(' ', process.Member.Store.Members.Members.Select(static member =>
                member.IsLearner ? $"({member.Id})" : $"{member.Id}"))
        : $"host {host.Id}: no process";
}
