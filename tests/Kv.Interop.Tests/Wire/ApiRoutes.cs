using Etcdserverpb;
using Google.Protobuf.Reflection;
using V3electionpb;
using V3lockpb;

namespace Kv.Interop.Tests.Wire;

/// <summary>Which method of the API a path of the HTTP gateway stands for.</summary>
public static class ApiRoutes
{
    // Path after /v3/, service, method. Where they are regular, the method is found by its name.
    private static readonly Dictionary<string, string> Methods = new(StringComparer.Ordinal)
    {
        ["kv/range"] = "KV.Range",
        ["kv/put"] = "KV.Put",
        ["kv/deleterange"] = "KV.DeleteRange",
        ["kv/txn"] = "KV.Txn",
        ["kv/compaction"] = "KV.Compact",
        ["kv/lease/revoke"] = "Lease.LeaseRevoke",
        ["kv/lease/timetolive"] = "Lease.LeaseTimeToLive",
        ["kv/lease/leases"] = "Lease.LeaseLeases",
        ["lease/grant"] = "Lease.LeaseGrant",
        ["lease/revoke"] = "Lease.LeaseRevoke",
        ["lease/keepalive"] = "Lease.LeaseKeepAlive",
        ["lease/timetolive"] = "Lease.LeaseTimeToLive",
        ["lease/leases"] = "Lease.LeaseLeases",
        ["cluster/member/add"] = "Cluster.MemberAdd",
        ["cluster/member/remove"] = "Cluster.MemberRemove",
        ["cluster/member/update"] = "Cluster.MemberUpdate",
        ["cluster/member/list"] = "Cluster.MemberList",
        ["cluster/member/promote"] = "Cluster.MemberPromote",
        ["maintenance/alarm"] = "Maintenance.Alarm",
        ["maintenance/status"] = "Maintenance.Status",
        ["maintenance/defragment"] = "Maintenance.Defragment",
        ["maintenance/hash"] = "Maintenance.Hash",
        ["maintenance/hashkv"] = "Maintenance.HashKV",
        ["maintenance/snapshot"] = "Maintenance.Snapshot",
        ["maintenance/transfer-leadership"] = "Maintenance.MoveLeader",
        ["maintenance/downgrade"] = "Maintenance.Downgrade",
        ["auth/enable"] = "Auth.AuthEnable",
        ["auth/disable"] = "Auth.AuthDisable",
        ["auth/status"] = "Auth.AuthStatus",
        ["auth/authenticate"] = "Auth.Authenticate",
        ["auth/user/add"] = "Auth.UserAdd",
        ["auth/user/get"] = "Auth.UserGet",
        ["auth/user/list"] = "Auth.UserList",
        ["auth/user/delete"] = "Auth.UserDelete",
        ["auth/user/changepw"] = "Auth.UserChangePassword",
        ["auth/user/grant"] = "Auth.UserGrantRole",
        ["auth/user/revoke"] = "Auth.UserRevokeRole",
        ["auth/role/add"] = "Auth.RoleAdd",
        ["auth/role/get"] = "Auth.RoleGet",
        ["auth/role/list"] = "Auth.RoleList",
        ["auth/role/delete"] = "Auth.RoleDelete",
        ["auth/role/grant"] = "Auth.RoleGrantPermission",
        ["auth/role/revoke"] = "Auth.RoleRevokePermission",
        ["lock/lock"] = "Lock.Lock",
        ["lock/unlock"] = "Lock.Unlock",
        ["election/campaign"] = "Election.Campaign",
        ["election/proclaim"] = "Election.Proclaim",
        ["election/leader"] = "Election.Leader",
        ["election/observe"] = "Election.Observe",
        ["election/resign"] = "Election.Resign",
    };

    private static readonly ServiceDescriptor[] Services =
    [
        .. RpcReflection.Descriptor.Services,
        .. V3LockReflection.Descriptor.Services,
        .. V3ElectionReflection.Descriptor.Services,
    ];

    /// <summary>The method behind "/v3/kv/put"; null if the gateway has no such path.</summary>
    public static MethodDescriptor? Find(string path)
    {
        string name = path.Replace("/v3beta/", "/v3/", StringComparison.Ordinal);
        if (!name.StartsWith("/v3/", StringComparison.Ordinal))
            return null;
        if (!Methods.TryGetValue(name["/v3/".Length..], out string? method))
            return null;

        string[] parts = method.Split('.');
        return Services.Single(service => service.Name == parts[0]).FindMethodByName(parts[1]);
    }

    /// <summary>The path of a gRPC call.</summary>
    public static string GrpcPath(MethodDescriptor method) => $"/{method.Service.FullName}/{method.Name}";
}
