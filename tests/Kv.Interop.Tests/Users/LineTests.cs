using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Sessions;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Users;

/// <summary><c>etcdctl lock</c> and <c>elect</c> of 3.5 on three members of ours, by a user who may no more than the
/// names that it waits for.</summary>
public sealed class LineTests
{
    private static readonly string[] Asked = ["m2", "m3"];
    private static readonly Dictionary<string, string> Version3 = new() { ["ETCDCTL_API"] = "3" };

    [Fact]
    public async Task A_line_goes_on_when_its_first_ends_is_killed_or_the_leader_is()
    {
        await using AuthCluster cluster = await AuthCluster.StartAsync(
            [NodeProgram.Ours, NodeProgram.Ours, NodeProgram.Ours], method: null);

        // A command that ends lets the next one in; its exit code is told.
        ProgramRun run = await RunAsync(cluster, "lock", "u/lock", "--", "/bin/sh", "-c", "echo held $ETCD_LOCK_KEY");
        Assert.StartsWith("held u/lock/", run.MustSucceed().Output);
        Assert.False((await RunAsync(cluster, "lock", "u/lock", "--", "/bin/sh", "-c", "exit 3")).Succeeded);
        Assert.False((await RunAsync(cluster, "lock", "z/lock", "--", "/bin/true")).Succeeded);

        // The first is killed: its lease ends, and the second has the lock. Meanwhile the leader is killed too.
        using RunningCommand first = Begin(cluster, "lock", "--ttl", "3", "u/lock");
        await UntilHeldAsync(first, "u/lock/");
        using RunningCommand second = Begin(cluster, "lock", "--ttl", "30", "u/lock");
        using RunningCommand leader = Begin(cluster, "elect", "u/election", "one");
        await UntilHeldAsync(leader, "u/election/");
        using RunningCommand next = Begin(cluster, "elect", "u/election", "two");
        string root = await cluster.LoginAsync("m2", "root");
        await cluster.Members.UntilAsync("both stand in line", async () =>
            (await cluster.CallAsync<Etcdserverpb.RangeResponse>(
                "m2", root, "KV/Range", AuthCluster.Range("u/", "u0"))).Kvs.Count == 4
            && await WatchersAsync(cluster) == 2);

        await cluster.Members.KillAsync("m1");
        await cluster.Members.UntilAsync("another leads", () => AnswersAsync(cluster, root));
        await first.EndAsync();
        await UntilHeldAsync(second, "u/lock/");
        await leader.InterruptAsync();
        await UntilHeldAsync(next, "u/election/");
        Assert.Contains("two", await next.EndAsync());
        await second.EndAsync();
    }

    // A login that is under way when the leader is killed is lost, and etcdctl gives up: so who waits must watch first.
    private static async Task<double> WatchersAsync(AuthCluster cluster)
    {
        double?[] found = await Task.WhenAll(Asked.Select(name => Processes.Metrics.ReadAsync(
            cluster.Members.Nodes[name].Url, "etcd_debugging_mvcc_watcher_total")));
        return found.Sum() ?? 0;
    }

    // While nobody leads, who asks is told so, and etcdctl gives up.
    private static async Task<bool> AnswersAsync(AuthCluster cluster, string token)
    {
        try
        {
            await cluster.CallAsync<Etcdserverpb.RangeResponse>(
                "m2", token, "KV/Range", AuthCluster.Range("u/", "u0"));
            return true;
        }
        catch (ApiException)
        {
            return false;
        }
    }

    private static async Task UntilHeldAsync(RunningCommand command, string prefix)
    {
        // The key is the first line; a client that tries again after a member was lost may say that before.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!command.Lines.Any(line => line.StartsWith(prefix, StringComparison.Ordinal)))
        {
            Assert.False(patience.IsCancellationRequested, string.Join('\n', command.Lines));
            await command.WaitForLinesAsync(command.Lines.Count + 1);
        }
    }

    private static Task<ProgramRun> RunAsync(AuthCluster cluster, params string[] command) =>
        ProgramRun.StartAsync(EtcdRelease.V35.Etcdctl, [.. Leading(cluster), .. command], environment: Version3);

    private static RunningCommand Begin(AuthCluster cluster, params string[] command) =>
        new(EtcdRelease.V35.Etcdctl, [.. Leading(cluster), .. command], Version3);

    // The member that will be killed is not asked: whether a client of etcd's finds another in time is its own affair.
    private static string[] Leading(AuthCluster cluster) =>
    [
        "--endpoints", string.Join(',', Asked.Select(name => cluster.Members.Nodes[name].Endpoint)),
        "--user", $"u:{AuthCluster.UserPassword}",
    ];
}
