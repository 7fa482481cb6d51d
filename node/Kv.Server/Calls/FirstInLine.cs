using System.Collections.Frozen;
using Kv.Grpc;

namespace Kv.Server.Calls;

/// <summary>Methods whose calls are never refused for load: those by which leases stay alive or end, by which somebody
/// finds out how the member does and puts it right, and those that make room. And watches: they are open for days, what
/// each is owed has a bound of its own, and to cut one makes its client ask for everything anew.</summary>
internal static class FirstInLine
{
    private static readonly FrozenSet<string> Paths = new[]
    {
        "/etcdserverpb.Lease/LeaseKeepAlive",
        "/etcdserverpb.Lease/LeaseRevoke",
        "/etcdserverpb.Lease/LeaseTimeToLive",
        "/etcdserverpb.Watch/Watch",
        "/etcdserverpb.KV/Compact",
        "/etcdserverpb.Cluster/MemberList",
        "/etcdserverpb.Cluster/MemberAdd",
        "/etcdserverpb.Cluster/MemberRemove",
        "/etcdserverpb.Cluster/MemberUpdate",
        "/etcdserverpb.Cluster/MemberPromote",
        "/etcdserverpb.Maintenance/Status",
        "/etcdserverpb.Maintenance/Alarm",
        "/etcdserverpb.Maintenance/Defragment",
        "/etcdserverpb.Maintenance/MoveLeader",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
    }.ToFrozenSet(StringComparer.Ordinal);

    public static bool Is(GrpcMethod method) => Paths.Contains(method.Path);
}
