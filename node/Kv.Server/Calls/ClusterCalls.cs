using Etcdserverpb;
using Grpc.Core;
using Kv.Server.Configuration;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The Cluster service. As long as members do not talk to each other, a second voter could never answer and
/// would cost the cluster its quorum for good, so adding one is refused; everything else is as in etcd.</summary>
internal sealed class ClusterCalls(
    MemberBook members,
    MembershipChanges changes,
    LinearizableReads reads,
    Gate gate,
    ResponseHeaders headers,
    TimeProvider time) : Cluster.ClusterBase
{
    public override async Task<MemberListResponse> MemberList(MemberListRequest request, ServerCallContext context)
    {
        if (request.Linearizable)
            await reads.ConfirmAsync();
        gate.RequireUser(context);
        return new MemberListResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    public override async Task<MemberAddResponse> MemberAdd(MemberAddRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        string[] urls = [.. request.PeerURLs.Order(StringComparer.Ordinal)];
        if (urls.Length == 0 || !Array.TrueForAll(urls, IsPeerUrl))
            throw Refusal.ToException(KvError.MemberBadUrls);

        var added = new ClusterMember(
            MemberIds.OfMember(urls, token: "", time.GetUtcNow()), urls, request.IsLearner, Name: "", ClientUrls: []);
        MemberChange change = request.IsLearner ? MemberChange.AddLearner : MemberChange.AddVoter;
        byte[] json = MemberJson.Encode(added);
        Refusal.ThrowIfRefused(members.Check(change, added.Id, json));
        if (!request.IsLearner)
            throw NoSecondVoter();

        await changes.ProposeAsync(change, added.Id, json);
        return new MemberAddResponse
        {
            Header = headers.WithoutRevision(),
            Member = ToMessage(added),
            Members = { All() },
        };
    }

    public override async Task<MemberRemoveResponse> MemberRemove(
        MemberRemoveRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        Refusal.ThrowIfRefused(members.Check(MemberChange.Remove, request.ID, default));
        bool isLastVoter = members.Find(request.ID) is { IsLearner: false }
            && members.Members.Count(member => !member.IsLearner) == 1;
        if (isLastVoter)
            throw Refusal.ToException(KvError.MemberNotEnoughStarted);

        await changes.ProposeAsync(MemberChange.Remove, request.ID, default);
        return new MemberRemoveResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    public override async Task<MemberUpdateResponse> MemberUpdate(
        MemberUpdateRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        var updated = new ClusterMember(
            request.ID, [.. request.PeerURLs], members.Find(request.ID)?.IsLearner ?? false, Name: "", ClientUrls: []);
        byte[] json = MemberJson.Encode(updated);
        Refusal.ThrowIfRefused(members.Check(MemberChange.Update, request.ID, json));
        await changes.ProposeAsync(MemberChange.Update, request.ID, json);
        return new MemberUpdateResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    public override Task<MemberPromoteResponse> MemberPromote(
        MemberPromoteRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        Refusal.ThrowIfRefused(
            members.Check(MemberChange.AddVoter, request.ID, MemberJson.EncodePromotion(request.ID)));

        // No learner can have caught up with a member that does not send it anything.
        throw Refusal.ToException(KvError.LearnerNotReady);
    }

    private static bool IsPeerUrl(string url) => NodeUrl.TryParse(url, out _, out _);

    private static RpcException NoSecondVoter() => new(new Status(
        StatusCode.Unimplemented,
        "kv-node: this version runs lone members only; a second voting member would never answer"));

    private static Member ToMessage(ClusterMember member) => new()
    {
        ID = member.Id,
        Name = member.Name,
        PeerURLs = { member.PeerUrls },
        ClientURLs = { member.ClientUrls },
        IsLearner = member.IsLearner,
    };

    private IEnumerable<Member> All() => members.Members.Select(ToMessage);
}
