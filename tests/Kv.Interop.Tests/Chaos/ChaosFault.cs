namespace Kv.Interop.Tests.Chaos;

/// <summary>Something that goes wrong with one member, and how it ends.</summary>
/// <param name="OfLeader">Whether it befalls the leader, or one of the others.</param>
/// <param name="OutageMax">For how long no write may be acknowledged.</param>
internal sealed record ChaosFault(
    string Name,
    bool OfLeader,
    TimeSpan OutageMax,
    Func<ChaosCluster, string, Task> Begin,
    Func<ChaosCluster, string, Task> End)
{
    // The members' own setting, the default.
    public static readonly TimeSpan Election = TimeSpan.FromSeconds(1);

    // What starting an election on a machine of two processors that does all of this at once, and a vote that is split
    // once, may take beside the two timeouts.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2.5);

    private static readonly TimeSpan Failover = (2 * Election) + Margin;

    // A fault of a follower, or a slow link, is to cost nothing but a repetition.
    private static readonly TimeSpan NoOutage = TimeSpan.FromSeconds(1.5);

    /// <summary>Whether it is to cost one election and no more.</summary>
    public bool CostsAnElection => OutageMax == Failover;

    public static IEnumerable<ChaosFault> All
    {
        get
        {
            foreach (bool ofLeader in (bool[])[true, false])
            {
                string whom = ofLeader ? "leader" : "follower";
                TimeSpan most = ofLeader ? Failover : NoOutage;
                yield return new($"{whom} killed", ofLeader, most, Kill, Restart);
                yield return new($"{whom} paused", ofLeader, most, Signal("STOP"), Signal("CONT"));
                yield return new($"{whom} cut off", ofLeader, most, Net((faults, name) => faults.Isolate(name)), Heal);
            }

            yield return new("leader mute", true, Failover, Net((faults, name) => faults.Mute(name)), Heal);

            // It has to find out first that nobody answers it, which takes it up to two timeouts.
            yield return new(
                "leader deaf", true, Failover + (2 * Election), Net((faults, name) => faults.Deafen(name)), Heal);
            yield return new(
                "connections half open", true, Failover, Net((faults, name) => faults.HalfOpen(name)), Heal);
            yield return new(
                "slow links",
                false,
                NoOutage,
                Net((faults, _) => faults.SlowAll(TimeSpan.FromMilliseconds(40), rate: 512 * 1024)),
                Heal);
        }
    }

    private static Task Kill(ChaosCluster chaos, string name) => chaos.Members.KillAsync(name);

    private static Task Restart(ChaosCluster chaos, string name) => chaos.Members.RestartAsync(name);

    private static Task Heal(ChaosCluster chaos, string name)
    {
        chaos.Faults.Heal();
        return Task.CompletedTask;
    }

    private static Func<ChaosCluster, string, Task> Signal(string signal) =>
        (chaos, name) => chaos.Members.Nodes[name].SendAsync(signal);

    private static Func<ChaosCluster, string, Task> Net(Action<Faults, string> change) => (chaos, name) =>
    {
        change(chaos.Faults, name);
        return Task.CompletedTask;
    };
}
