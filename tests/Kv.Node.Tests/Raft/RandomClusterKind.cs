namespace Kv.Node.Tests.Raft;

/// <summary>What kind of world a <see cref="RandomCluster"/> is.</summary>
internal sealed record RandomClusterKind
{
    public int Founders { get; init; }

    /// <summary>How likely a member campaigns at any step, without waiting for its time.</summary>
    public double Impatience { get; init; }

    /// <summary>How likely a write ends when a member gets to work; the slower, the more a crash takes.</summary>
    public double DiskSpeed { get; init; }

    public bool PreVote { get; init; }

    public bool CheckQuorum { get; init; }

    public bool ChangesMembers { get; init; }

    /// <summary>So little that entries that belong together often arrive one by one.</summary>
    public long MessageBytesMax { get; init; } = 64;

    /// <summary>Elections upon elections, with crashes between asking for a write and having it: what a node must not
    /// forget is put to the test.</summary>
    public static RandomClusterKind Storm { get; } = new()
    {
        Founders = 5,
        Impatience = 0.04,
        DiskSpeed = 0.2,
        MessageBytesMax = 1,
    };

    public static RandomClusterKind Mixed(int seed) => new()
    {
        Founders = seed % 4 < 2 ? 5 : 3,
        Impatience = seed % 2 == 0 ? 0 : 0.02,
        DiskSpeed = seed % 3 == 0 ? 0.2 : 0.7,
        PreVote = seed % 5 > 1,
        CheckQuorum = seed % 5 > 2,
        ChangesMembers = seed % 3 != 0,
    };
}
