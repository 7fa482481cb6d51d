namespace Kv.Node.Tests.Raft;

/// <summary>How much of each kind happened, to see that a simulation is worth its name.</summary>
internal sealed class RandomClusterTally
{
    public int Crashes { get; set; }

    public int Dropped { get; set; }

    public int Restored { get; set; }

    public int Changed { get; set; }

    public int JointSeen { get; set; }
}
