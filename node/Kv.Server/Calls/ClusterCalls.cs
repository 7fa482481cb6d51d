using Etcdserverpb;
using Grpc.Core;
using Kv.Server.Configuration;
using Kv.Server.Membership;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The Cluster service.</summary>
internal sealed class ClusterCalls(
    MemberBook members,
    Reconfiguration reconfiguration,
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
        await reconfiguration.AddAsync(added);
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
        await reconfiguration.RemoveAsync(request.ID);
        return new MemberRemoveResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    public override async Task<MemberUpdateResponse> MemberUpdate(
        MemberUpdateRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        await reconfiguration.UpdateAsync(request.ID, [.. request.PeerURLs]);
        return new MemberUpdateResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    public override async Task<MemberPromoteResponse> MemberPromote(
        MemberPromoteRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        await reconfiguration.PromoteAsync(
            request.ID, Gate.TokenOf(context) ?? "", context.CancellationToken);
        return new MemberPromoteResponse { Header = headers.WithoutRevision(), Members = { All() } };
    }

    private static bool IsPeerUrl(string url) => NodeUrl.TryParse(url, out _, out _);

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
