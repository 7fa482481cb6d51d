namespace Kv.Raft;

/// <summary>Names a member of the cluster; etcd's member id. Zero is nobody.</summary>
public readonly record struct NodeId(ulong Value) : IComparable<NodeId>
{
    public static NodeId None => default;

    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    public static bool operator <(NodeId left, NodeId right) => left.Value < right.Value;

    public static bool operator >(NodeId left, NodeId right) => left.Value > right.Value;

    public static bool operator <=(NodeId left, NodeId right) => left.Value <= right.Value;

    public static bool operator >=(NodeId left, NodeId right) => left.Value >= right.Value;

    /// <summary>As etcd writes it: hexadecimal without leading zeros.</summary>
    public override string ToString() => $"{Value:x}";
}
