using System.Collections.Frozen;
using Etcdserverpb;
using Google.Protobuf.Reflection;
using Grpc.Core;
using V3electionpb;
using V3lockpb;

namespace Kv.Server.Gateway;

/// <summary>Which method a path stands for. Every path is called by POST.</summary>
internal static class GatewayRoutes
{
    private const string Prefix = "/v3/";

    /// <summary>Of clients from before 3.4; etcd still takes it for the other.</summary>
    private const string OldPrefix = "/v3beta/";

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    private static readonly (string Path, string Method)[] Table =
    [
        ("kv/range", "KV.Range"),
        ("kv/put", "KV.Put"),
        ("kv/deleterange", "KV.DeleteRange"),
        ("kv/txn", "KV.Txn"),
        ("kv/compaction", "KV.Compact"),
        ("watch", "Watch.Watch"),
        ("lease/grant", "Lease.LeaseGrant"),
        ("lease/revoke", "Lease.LeaseRevoke"),
        ("kv/lease/revoke", "Lease.LeaseRevoke"),
        ("lease/keepalive", "Lease.LeaseKeepAlive"),
        ("lease/timetolive", "Lease.LeaseTimeToLive"),
        ("kv/lease/timetolive", "Lease.LeaseTimeToLive"),
        ("lease/leases", "Lease.LeaseLeases"),
        ("kv/lease/leases", "Lease.LeaseLeases"),
        ("cluster/member/add", "Cluster.MemberAdd"),
        ("cluster/member/remove", "Cluster.MemberRemove"),
        ("cluster/member/update", "Cluster.MemberUpdate"),
        ("cluster/member/list", "Cluster.MemberList"),
        ("cluster/member/promote", "Cluster.MemberPromote"),
        ("maintenance/alarm", "Maintenance.Alarm"),
        ("maintenance/status", "Maintenance.Status"),
        ("maintenance/defragment", "Maintenance.Defragment"),
        ("maintenance/hash", "Maintenance.Hash"),
        ("maintenance/hashkv", "Maintenance.HashKV"),
        ("maintenance/snapshot", "Maintenance.Snapshot"),
        ("maintenance/transfer-leadership", "Maintenance.MoveLeader"),
        ("maintenance/downgrade", "Maintenance.Downgrade"),
        ("auth/enable", "Auth.AuthEnable"),
        ("auth/disable", "Auth.AuthDisable"),
        ("auth/status", "Auth.AuthStatus"),
        ("auth/authenticate", "Auth.Authenticate"),
        ("auth/user/add", "Auth.UserAdd"),
        ("auth/user/get", "Auth.UserGet"),
        ("auth/user/list", "Auth.UserList"),
        ("auth/user/delete", "Auth.UserDelete"),
        ("auth/user/changepw", "Auth.UserChangePassword"),
        ("auth/user/grant", "Auth.UserGrantRole"),
        ("auth/user/revoke", "Auth.UserRevokeRole"),
        ("auth/role/add", "Auth.RoleAdd"),
        ("auth/role/get", "Auth.RoleGet"),
        ("auth/role/list", "Auth.RoleList"),
        ("auth/role/delete", "Auth.RoleDelete"),
        ("auth/role/grant", "Auth.RoleGrantPermission"),
        ("auth/role/revoke", "Auth.RoleRevokePermission"),
        ("election/campaign", "Election.Campaign"),
        ("election/proclaim", "Election.Proclaim"),
        ("election/leader", "Election.Leader"),
        ("election/observe", "Election.Observe"),
        ("election/resign", "Election.Resign"),
        ("lock/lock", "Lock.Lock"),
        ("lock/unlock", "Lock.Unlock"),
    ];

    private static readonly FrozenDictionary<string, GatewayRoute> Routes =
        Table.ToFrozenDictionary(row => Prefix + row.Path, row => RouteTo(row.Method), StringComparer.Ordinal);

    /// <summary>All paths there are.</summary>
    public static IReadOnlyCollection<string> Paths => Routes.Keys;

    /// <summary>Whether a path is of the gateway, be there a method behind it or not.</summary>
    public static bool Owns(string path) =>
        path.StartsWith(Prefix, StringComparison.Ordinal) || path.StartsWith(OldPrefix, StringComparison.Ordinal);

    /// <summary>Null if nothing answers there.</summary>
    public static GatewayRoute? Find(string path) => Routes.GetValueOrDefault(
        path.StartsWith(OldPrefix, StringComparison.Ordinal) ? Prefix + path[OldPrefix.Length..] : path);

    private static GatewayRoute RouteTo(string name)
    {
        string[] parts = name.Split('.');
        ServiceDescriptor service = RpcReflection.Descriptor.Services
            .Concat(V3ElectionReflection.Descriptor.Services)
            .Concat(V3LockReflection.Descriptor.Services)
            .Single(each => each.Name == parts[0]);
        MethodDescriptor method = service.FindMethodByName(parts[1]);
        var type = (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (false, false) => MethodType.Unary,
            (false, true) => MethodType.ServerStreaming,
            (true, true) => MethodType.DuplexStreaming,
            _ => throw new NotSupportedException($"{name} takes many messages and answers with one."),
        };
        return new GatewayRoute(
            method.InputType,
            method.OutputType,
            new Method<byte[], byte[]>(type, service.FullName, method.Name, Bytes, Bytes));
    }
}

/// <summary>What is behind a path, and what it takes and gives.</summary>
internal sealed record GatewayRoute(
    MessageDescriptor Request, MessageDescriptor Response, Method<byte[], byte[]> Method);
