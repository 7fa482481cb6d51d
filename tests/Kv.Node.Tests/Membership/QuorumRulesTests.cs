using Kv.Server.Membership;
using Kv.Store;

namespace Kv.Node.Tests.Membership;

/// <summary>What etcd 3.5.30 answered to changes of the members of real clusters, some of which were not connected or
/// had never been started.</summary>
public sealed class QuorumRulesTests
{
    private const string Ok = "";
    private const string NotStarted = "not enough started";
    private const string Unhealthy = "unhealthy";

    [Theory]
    [InlineData(1, 1, 0, Ok)] // just started: there is nobody to be connected with
    [InlineData(2, 2, 2, Ok)]
    [InlineData(3, 2, 2, NotStarted)]
    [InlineData(3, 3, 1, Unhealthy)] // just started: connected for less than 5 s
    [InlineData(3, 3, 2, Unhealthy)]
    [InlineData(3, 3, 3, Ok)]
    [InlineData(4, 3, 3, Ok)] // the one that was added before is not there yet
    [InlineData(5, 3, 3, NotStarted)]
    [InlineData(5, 5, 3, Unhealthy)]
    [InlineData(5, 5, 4, Ok)]
    [InlineData(6, 5, 5, Ok)]
    [InlineData(7, 5, 5, Ok)]
    public void A_voter_is_added_as_etcd_adds_it(int voters, int started, int connected, string answer) =>
        Assert.Equal(answer, Add(Some(voters, started), connected, isLearner: false));

    [Theory]
    [InlineData(1, 1, 0, Ok)]
    [InlineData(3, 3, 1, Unhealthy)]
    [InlineData(3, 2, 2, Unhealthy)]
    [InlineData(3, 3, 2, Unhealthy)]
    [InlineData(4, 3, 3, Ok)]
    [InlineData(5, 3, 3, Unhealthy)]
    [InlineData(5, 5, 3, Unhealthy)]
    [InlineData(6, 5, 4, Ok)]
    public void A_learner_is_added_as_etcd_adds_it(int voters, int started, int connected, string answer) =>
        Assert.Equal(answer, Add(Some(voters, started), connected, isLearner: true));

    [Theory]
    [InlineData(3, 2, 2, true, NotStarted)] // 2 are left, and 1 of them has started
    [InlineData(3, 2, 2, false, Ok)]
    [InlineData(5, 3, 3, true, NotStarted)]
    [InlineData(5, 3, 3, false, Ok)]
    [InlineData(3, 3, 2, true, Unhealthy)]
    [InlineData(3, 3, 2, false, Ok)] // the one that is down
    [InlineData(5, 5, 3, true, Unhealthy)]
    [InlineData(6, 5, 4, true, Ok)]
    [InlineData(8, 5, 5, true, Ok)]
    public void A_voter_is_removed_as_etcd_removes_it(
        int voters, int started, int connected, bool isConnected, string answer)
    {
        ClusterMember[] members = Some(voters, started);

        // The first one has started, the last one may not have.
        ulong removed = isConnected ? 1UL : (ulong)voters;
        string found = !QuorumRules.AllowRemoving(members, removed) ? NotStarted
            : isConnected && !QuorumRules.AllowLosing(voters, connected) ? Unhealthy
            : Ok;
        Assert.Equal(answer, found);
    }

    private static string Add(ClusterMember[] members, int connected, bool isLearner)
    {
        if (!isLearner && !QuorumRules.AllowAdding(members))
            return NotStarted;
        return QuorumRules.AllowGrowing(members.Length, connected) ? Ok : Unhealthy;
    }

    private static ClusterMember[] Some(int voters, int started) =>
    [
        .. Enumerable.Range(1, voters).Select(number => new ClusterMember(
            (ulong)number, [$"http://m{number}:2380"], IsLearner: false, number <= started ? $"m{number}" : "", [])),
    ];
}
