using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Metrics;
using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>Changes of the membership, with etcd's checks before they are proposed. A member asked for a change that is
/// already made refuses it; whether a change still fits is judged again when it is applied.</summary>
internal sealed class Reconfiguration(
    ulong self,
    MemberBook members,
    MembershipChanges changes,
    Inbox inbox,
    INetwork network,
    LeaderCalls leader,
    bool isStrict,
    RoleMetrics metrics)
{
    private const int Missing = 404;
    private const int Unfit = 412;
    private const int Failed = 500;

    // A learner may be this much behind, in entries, and be called in sync.
    private const double ReadyShare = 0.9;

    // For how long connections must have held before a cluster counts as healthy.
    private static readonly TimeSpan Health = TimeSpan.FromSeconds(5);

    /// <summary>Adds a member that is to start then. Throws with etcd's status if that must not be.</summary>
    public async Task AddAsync(ClusterMember added)
    {
        MemberChange change = added.IsLearner ? MemberChange.AddLearner : MemberChange.AddVoter;
        byte[] json = MemberJson.Encode(added);
        if (isStrict)
        {
            bool isStarted = added.IsLearner || QuorumRules.AllowAdding(members.Members);
            Require(isStarted, KvError.MemberNotEnoughStarted);
            ClusterMember[] voters = [.. Voters()];
            Require(QuorumRules.AllowGrowing(voters.Length, voters.Count(IsConnected)), KvError.Unhealthy);
        }

        Refusal.ThrowIfRefused(members.Check(change, added.Id, json));
        await changes.ProposeAsync(change, added.Id, json);
    }

    public async Task RemoveAsync(ulong id)
    {
        Refusal.ThrowIfRefused(members.Check(MemberChange.Remove, id, default));
        bool isVoter = members.Find(id) is { IsLearner: false };
        Require(!isVoter || Voters().Count() > 1, KvError.MemberNotEnoughStarted);
        if (isStrict && isVoter)
            CheckLoss(id);
        await changes.ProposeAsync(MemberChange.Remove, id, default);
    }

    /// <summary>The member is found at other peer URLs from now on.</summary>
    public async Task UpdateAsync(ulong id, IReadOnlyList<string> peerUrls)
    {
        var updated = new ClusterMember(
            id, peerUrls, members.Find(id)?.IsLearner ?? false, Name: "", ClientUrls: []);
        byte[] json = MemberJson.Encode(updated);
        Refusal.ThrowIfRefused(members.Check(MemberChange.Update, id, json));
        await changes.ProposeAsync(MemberChange.Update, id, json);
    }

    /// <summary>Makes a learner a voter; only the leader knows whether it is in sync.</summary>
    /// <param name="token">Of the client, for the leader to check.</param>
    public async Task PromoteAsync(ulong id, string token, CancellationToken cancelled)
    {
        Answered answered = await leader.AskAsync<Answered>(
            async () => Final(await PromoteHereAsync(id)),
            async (url, limit) => Final(await leader.Peers.PromoteAsync(url, id, token, limit)),
            cancelled);
        if (answered.Answer.IsRefused)
            throw ToException(answered.Answer);
    }

    /// <summary>The same if this member leads; what is refused is told as one member tells another.</summary>
    public async Task<PeerAnswer<IReadOnlyList<ClusterMember>>> PromoteHereAsync(ulong id)
    {
        KvError error = await TryPromoteAsync(id);
        PeerAnswer<IReadOnlyList<ClusterMember>> answer =
            error == KvError.None ? PeerAnswer.Of(members.Members) : ToRefusal(error);
        if (error == KvError.None)
            metrics.Promotions.Increment();
        else if (error != KvError.NotLeader)
            metrics.PromotionFailures.With(answer.Error).Increment();
        return answer;
    }

    private async Task<KvError> TryPromoteAsync(ulong id)
    {
        KvError error = members.Check(MemberChange.AddVoter, id, MemberJson.EncodePromotion(id));
        if (error == KvError.None)
            error = await CheckReadyAsync(id);
        if (error == KvError.None && isStrict && !QuorumRules.AllowPromoting(members.Members))
            error = KvError.MemberNotEnoughStarted;
        if (error == KvError.None)
            error = await changes.TryProposeAsync(MemberChange.AddVoter, id, MemberJson.EncodePromotion(id));
        return error;
    }

    private async Task<KvError> CheckReadyAsync(ulong id)
    {
        var query = new StatusQuery();
        inbox.Post(ReplicaEvent.Ask(query));
        RaftStatus status = await query.Done;
        if (status.Peers.Count == 0)
            return KvError.NotLeader;
        Raft.PeerStatus? learner = status.Peers.FirstOrDefault(peer => peer.Id.Value == id);
        return learner is not null && learner.Match >= status.LastEntry.Index * ReadyShare
            ? KvError.None
            : KvError.LearnerNotReady;
    }

    private void CheckLoss(ulong id)
    {
        Require(QuorumRules.AllowRemoving(members.Members, id), KvError.MemberNotEnoughStarted);

        // One that is down is no part of the quorum that there is.
        if (id != self && !network.IsConnected(new NodeId(id), TimeSpan.Zero))
            return;
        ClusterMember[] voters = [.. Voters()];
        Require(QuorumRules.AllowLosing(voters.Length, voters.Count(IsConnected)), KvError.Unhealthy);
    }

    private IEnumerable<ClusterMember> Voters() => members.Members.Where(member => !member.IsLearner);

    private bool IsConnected(ClusterMember member) =>
        member.Id == self || network.IsConnected(new NodeId(member.Id), Health);

    private static void Require(bool holds, KvError otherwise)
    {
        if (!holds)
            throw Refusal.ToException(otherwise);
    }

    // Who does not lead any more cannot say, and the next leader is asked.
    private static Answered? Final(PeerAnswer<IReadOnlyList<ClusterMember>> answer) =>
        answer.Error == KvErrorTable.Text(KvError.NotLeader) ? null : new Answered(answer);

    private static PeerAnswer<IReadOnlyList<ClusterMember>> ToRefusal(KvError error)
    {
        (int status, string text) = error switch
        {
            KvError.MemberNotFound => (Missing, "membership: ID not found"),
            KvError.MemberNotLearner => (Unfit, "membership: can only promote a learner member"),
            KvError.LearnerNotReady => (Unfit, KvErrorTable.Text(error)),
            _ => (Failed, KvErrorTable.Text(error)),
        };
        return PeerAnswer.Refuse<IReadOnlyList<ClusterMember>>(status, text);
    }

    private static RpcException ToException(PeerAnswer<IReadOnlyList<ClusterMember>> answer)
    {
        KvError error = answer.Status switch
        {
            Missing => KvError.MemberNotFound,
            Unfit when answer.Error == KvErrorTable.Text(KvError.LearnerNotReady) => KvError.LearnerNotReady,
            Unfit => KvError.MemberNotLearner,
            _ => KvErrorTable.Find(answer.Error),
        };
        return Refusal.ToException(error);
    }

    private sealed record Answered(PeerAnswer<IReadOnlyList<ClusterMember>> Answer);
}
