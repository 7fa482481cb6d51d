using Grpc.Core;
using Kv.Grpc;
using Kv.Server.Calls;
using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>What a member that is a learner answers: as in etcd, only its status, serializable ranges and a snapshot
/// of itself. Everything else goes to a voter, so that no client takes for the cluster what is still catching
/// up.</summary>
internal sealed class LearnerRule(ulong self, MemberBook members)
{
    private const string StatusPath = "/etcdserverpb.Maintenance/Status";
    private const string SnapshotPath = "/etcdserverpb.Maintenance/Snapshot";
    private const string RangePath = "/etcdserverpb.KV/Range";

    private volatile bool _isLearner;

    /// <summary>Whether this member is one now.</summary>
    public bool IsLearner => _isLearner;

    /// <summary>To be called at the start and whenever the members have changed.</summary>
    public void Update() => _isLearner = members.Find(self) is { IsLearner: true };

    /// <summary>Whether a call may begin. A range may; whether it is serializable is seen when it has been
    /// read.</summary>
    public Status Admit(GrpcMethod method) => !_isLearner || method.Path is StatusPath or SnapshotPath or RangePath
        ? Status.DefaultSuccess
        : Refusal.ToStatus(KvError.NotSupportedForLearner);
}
