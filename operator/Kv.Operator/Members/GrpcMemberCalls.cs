using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Operator.Planning;

namespace Kv.Operator.Members;

/// <summary>Speaks etcd's API. Looks are short, so that one member that hangs delays no reconcile much; changes may
/// take as long as a quorum needs, and what goes through a whole store as long as a large one takes.</summary>
public sealed class GrpcMemberCalls(MemberChannels channels, TimeProvider clock) : IMemberCalls
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan StoreLimit = TimeSpan.FromMinutes(5);

    public async Task<MemberReport?> AskAsync(MemberEndpoint member, CancellationToken stop)
    {
        try
        {
            return await LookAsync(member, stop);
        }
        catch (RpcException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    public async Task<MemberReport> AskForeignAsync(MemberEndpoint member, CancellationToken stop)
    {
        try
        {
            return await LookAsync(member, stop);
        }
        catch (RpcException refused) when (!stop.IsCancellationRequested)
        {
            bool isAboutTrust = IsAboutTrust(refused);
            bool isShutOut = !isAboutTrust && IsShutOut(member, refused);
            string detail = (isAboutTrust ? InnermostOf(refused).Message : refused.Status.Detail).Split('\n')[0];
            string hint = isShutOut ? " It may not trust the certificate that it is shown." : "";
            throw new MemberCallException($"{detail}{hint} ({refused.StatusCode})", refused)
            {
                IsUntrusted = isAboutTrust || isShutOut,
            };
        }
        catch (CryptographicException unreadable)
        {
            throw new MemberCallException(unreadable.Message, unreadable) { IsUntrusted = true };
        }
    }

    public async Task<IReadOnlyList<AlarmFound>> ListAlarmsAsync(MemberEndpoint member, CancellationToken stop)
    {
        AlarmResponse answer = await ChangeAsync(member, "list alarms", (invoker, options) =>
            new Maintenance.MaintenanceClient(invoker).AlarmAsync(
                new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Get }, options), ChangeLimit, stop);
        return
        [
            .. answer.Alarms
                .Where(alarm => alarm.Alarm is AlarmType.Nospace or AlarmType.Corrupt)
                .Select(alarm => new AlarmFound(
                    alarm.MemberID,
                    alarm.Alarm == AlarmType.Nospace ? AlarmKind.NoSpace : AlarmKind.Corrupt)),
        ];
    }

    public Task AddLearnerAsync(MemberEndpoint member, string peerUrl, CancellationToken stop) =>
        ChangeAsync(member, $"add the learner {peerUrl}", (invoker, options) =>
            new Cluster.ClusterClient(invoker).MemberAddAsync(
                new MemberAddRequest { PeerURLs = { peerUrl }, IsLearner = true }, options), ChangeLimit, stop);

    public Task PromoteAsync(MemberEndpoint member, ulong id, CancellationToken stop) =>
        ChangeAsync(member, $"promote {id:x}", (invoker, options) =>
            new Cluster.ClusterClient(invoker).MemberPromoteAsync(
                new MemberPromoteRequest { ID = id }, options), ChangeLimit, stop);

    public Task RemoveAsync(MemberEndpoint member, ulong id, CancellationToken stop) =>
        ChangeAsync(member, $"remove {id:x}", (invoker, options) =>
            new Cluster.ClusterClient(invoker).MemberRemoveAsync(
                new MemberRemoveRequest { ID = id }, options), ChangeLimit, stop);

    public Task MoveLeaderAsync(MemberEndpoint leader, ulong to, CancellationToken stop) =>
        ChangeAsync(leader, $"move leadership to {to:x}", (invoker, options) =>
            new Maintenance.MaintenanceClient(invoker).MoveLeaderAsync(
                new MoveLeaderRequest { TargetID = to }, options), ChangeLimit, stop);

    public async Task CompactAsync(MemberEndpoint member, CancellationToken stop)
    {
        RangeResponse now = await ChangeAsync(member, "read the revision", (invoker, options) =>
            new KV.KVClient(invoker).RangeAsync(
                new RangeRequest { Key = ByteString.CopyFrom(0), CountOnly = true }, options), ChangeLimit, stop);
        try
        {
            await ChangeAsync(member, "give up history", (invoker, options) =>
                new KV.KVClient(invoker).CompactAsync(
                    new CompactionRequest { Revision = now.Header.Revision, Physical = true },
                    options), StoreLimit, stop);
        }
        catch (MemberCallException refused) when (
            refused.InnerException is RpcException { StatusCode: StatusCode.OutOfRange })
        {
            // Nothing was written since it was last given up, as when a store is full; or somebody else was quicker.
        }
    }

    public Task DefragmentAsync(MemberEndpoint member, CancellationToken stop) =>
        ChangeAsync(
            member,
            "shorten the store",
            (invoker, options) => new Maintenance.MaintenanceClient(invoker).DefragmentAsync(
                new DefragmentRequest(), options),
            StoreLimit,
            stop);

    public Task DisarmAsync(MemberEndpoint member, AlarmFound alarm, CancellationToken stop) =>
        ChangeAsync(member, $"lift the alarm {alarm.Kind}", (invoker, options) =>
            new Maintenance.MaintenanceClient(invoker).AlarmAsync(
                new AlarmRequest
                {
                    Action = AlarmRequest.Types.AlarmAction.Deactivate,
                    MemberID = alarm.MemberId,
                    Alarm = alarm.Kind == AlarmKind.NoSpace ? AlarmType.Nospace : AlarmType.Corrupt,
                },
                options), ChangeLimit, stop);

    private async Task<MemberReport> LookAsync(MemberEndpoint member, CancellationToken stop)
    {
        CallInvoker invoker = channels.For(member);
        CallOptions options = Within(LookLimit, stop);
        Task<IReadOnlyList<MemberLine>?> list = ListAsync(invoker, options);
        Task<string> version = channels.ClusterVersionAsync(member, LookLimit, stop);
        StatusResponse status =
            await new Maintenance.MaintenanceClient(invoker).StatusAsync(new StatusRequest(), options);
        return ReportOf(member, status, await version, await list);
    }

    /// <summary>Whether a handshake failed: on our side, or by an alert of the other's, which with TLS 1.3 comes only
    /// after the handshake seemed to be over.</summary>
    private static bool IsAboutTrust(RpcException refused)
    {
        for (Exception? each = refused.Status.DebugException; each is not null; each = each.InnerException)
        {
            if (each is AuthenticationException or CryptographicException ||
                each.GetType().Name.Contains("OpenSsl", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // Whoever does not trust our certificate ends the connection after the handshake, which in TLS 1.3 we take for
    // done; the alert that tells why is often lost. Who cannot be connected to at all is no such case.
    private static bool IsShutOut(MemberEndpoint member, RpcException refused)
    {
        if (member.Trust is not { Certificate.Length: > 0 } || member.Address.Scheme != Uri.UriSchemeHttps)
            return false;
        bool isCut = false;
        for (Exception? each = refused.Status.DebugException; each is not null; each = each.InnerException)
        {
            if (each is SocketException { SocketErrorCode: not (SocketError.ConnectionReset or SocketError.Shutdown) })
                return false;
            isCut |= each is IOException or HttpRequestException
            {
                HttpRequestError: not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError),
            };
        }

        return isCut;
    }

    private static Exception InnermostOf(RpcException refused)
    {
        Exception innermost = refused.Status.DebugException ?? refused;
        while (innermost.InnerException is { } inner)
            innermost = inner;
        return innermost;
    }

    private static async Task<IReadOnlyList<MemberLine>?> ListAsync(CallInvoker invoker, CallOptions options)
    {
        try
        {
            // Linearizable: whoever answers it has a quorum behind it and has applied all that came before.
            MemberListResponse list = await new Cluster.ClusterClient(invoker).MemberListAsync(
                new MemberListRequest { Linearizable = true }, options);
            return
            [
                .. list.Members.Select(member => new MemberLine(
                    member.ID, member.Name, member.PeerURLs.FirstOrDefault() ?? "", member.IsLearner)
                {
                    OtherPeerUrls = [.. member.PeerURLs.Skip(1)],
                    ClientUrls = [.. member.ClientURLs],
                }),
            ];
        }
        catch (RpcException)
        {
            return null; // a learner refuses; a voter without a quorum cannot
        }
    }

    private static MemberReport ReportOf(
        MemberEndpoint member,
        StatusResponse status,
        string clusterVersion,
        IReadOnlyList<MemberLine>? members) => new(
        new MemberAnswer(member.Member, status.Header.MemberId, status.Header.ClusterId)
        {
            LeaderId = status.Leader,
            IsLearner = status.IsLearner,
            RaftIndex = status.RaftIndex,
            AppliedIndex = status.RaftAppliedIndex,
            Term = status.RaftTerm,
            ServesReads = members is not null,
            MembersSeen = members is null ? "" : SeenIn(members),
            StoreBytes = status.DbSize,
            StoreInUseBytes = status.DbSizeInUse,
            Version = status.Version,
            ClusterVersion = clusterVersion,
            DataVersion = status.StorageVersion,
        },
        members,
        status.Errors.Any(error => error.Contains("alarm", StringComparison.OrdinalIgnoreCase)));

    private static string SeenIn(IReadOnlyList<MemberLine> members) =>
        string.Join(' ', members.OrderBy(line => line.Id).Select(line => $"{line.Id:x}{(line.IsLearner ? "-" : "+")}"));

    private async Task<T> ChangeAsync<T>(
        MemberEndpoint member,
        string what,
        Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call,
        TimeSpan limit,
        CancellationToken stop)
    {
        try
        {
            return await call(channels.For(member), Within(limit, stop));
        }
        catch (RpcException refused) when (!stop.IsCancellationRequested)
        {
            throw new MemberCallException(
                $"{member.Member} could not {what}: {refused.Status.Detail} ({refused.StatusCode})", refused);
        }
    }

    private CallOptions Within(TimeSpan limit, CancellationToken stop) =>
        new(TraceHeaders(), clock.GetUtcNow().UtcDateTime + limit, stop);

    // What a member does for a reconcile whose trace is exported shows within that trace (W3C Trace Context).
    private static global::Grpc.Core.Metadata? TraceHeaders() =>
        Activity.Current is { IsAllDataRequested: true, Id: { } span } ? new() { { "traceparent", span } } : null;
}
