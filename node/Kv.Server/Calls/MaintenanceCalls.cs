using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Upkeep;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The Maintenance service.</summary>
internal sealed class MaintenanceCalls(
    StoreParts store,
    StoreUpkeep upkeep,
    LoggedRequests log,
    Downgrades downgrades,
    Leadership leadership,
    Quota quota,
    Gate gate,
    ResponseHeaders headers,
    string version) : Maintenance.MaintenanceBase
{
    private const int SnapshotPieceBytes = 32 * 1024;

    public override async Task<AlarmResponse> Alarm(AlarmRequest request, ServerCallContext context)
    {
        // Unknown actions end a member of etcd 3.7.1; see the deviations in node/README.md.
        if (!Enum.IsDefined(request.Action))
            throw Refusal.ToException(KvError.UnknownMethod);
        bool isReading = request.Action == AlarmRequest.Types.AlarmAction.Get;
        Caller caller = isReading ? gate.RequireUser(context) : gate.RequireRoot(context);
        AlarmResponse response = await log.ProposeAsync<AlarmResponse>(
            new InternalRaftRequest { Alarm = request }, caller);
        response.Header = headers.Now();
        return response;
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context)
    {
        gate.RequireUser(context);
        ReplicaView view = leadership.View;
        TermView now = view.Now;
        var response = new StatusResponse
        {
            Header = headers.Now(),
            Version = version,
            DbSize = store.Backend.FileBytes,
            DbSizeInUse = store.Backend.InUseBytes,
            DbSizeQuota = quota.Bytes,
            Leader = now.Leader.Value,
            RaftIndex = view.Committed,
            RaftTerm = now.Term,
            RaftAppliedIndex = view.Applied,
            IsLearner = store.Members.Find(headers.MemberId) is { IsLearner: true },
            StorageVersion = upkeep.StorageVersion,
            DowngradeInfo = new DowngradeInfo
            {
                Enabled = store.Members.Downgrade is not null,
                TargetVersion = store.Members.Downgrade ?? "",
            },
        };
        if (now.Leader == NodeId.None)
            response.Errors.Add(KvErrorTable.Text(KvError.NoLeader));
        response.Errors.AddRange(store.Alarms.Texts());
        return Task.FromResult(response);
    }

    public override async Task<DefragmentResponse> Defragment(DefragmentRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        await upkeep.ShrinkAsync(context.CancellationToken);
        return new DefragmentResponse();
    }

    public override async Task<HashResponse> Hash(HashRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        return new HashResponse { Hash = await upkeep.HashAsync(), Header = headers.Now() };
    }

    public override async Task<HashKVResponse> HashKV(HashKVRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        KeyValueHash hash = await upkeep.HashKvAsync(request.Revision);
        return new HashKVResponse
        {
            Header = headers.Now(),
            Hash = hash.Hash,
            CompactRevision = hash.CompactRevision,
            HashRevision = hash.Revision,
        };
    }

    /// <summary>Sends the page file as it is now, piece by piece while writes go on, and at last the SHA-256 of all
    /// that was sent.</summary>
    public override async Task Snapshot(
        SnapshotRequest request, IServerStreamWriter<SnapshotResponse> responseStream, ServerCallContext context)
    {
        gate.RequireRoot(context);
        using SnapshotReading read = await upkeep.BeginSnapshotAsync();
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long offset = 0; offset < read.Bytes;)
        {
            byte[] piece = new byte[Math.Min(SnapshotPieceBytes, read.Bytes - offset)];
            int length = read.Read(offset, piece);
            sum.AppendData(piece, 0, length);
            offset += length;
            await SendAsync(responseStream, piece.AsMemory(0, length), read.Bytes - offset, context);
        }

        await SendAsync(responseStream, sum.GetHashAndReset(), remaining: 0, context);
        read.OnSent();
    }

    public override async Task<MoveLeaderResponse> MoveLeader(MoveLeaderRequest request, ServerCallContext context)
    {
        gate.RequireRoot(context);
        if (!leadership.View.IsLeader)
            throw Refusal.ToException(KvError.NotLeader);
        if (store.Members.Find(request.TargetID) is not { IsLearner: false })
            throw Refusal.ToException(KvError.BadLeaderTransferee);
        await leadership.MoveAsync(new NodeId(request.TargetID), context.CancellationToken);
        return new MoveLeaderResponse();
    }

    public override async Task<DowngradeResponse> Downgrade(DowngradeRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireRoot(context);
        string cluster = request.Action switch
        {
            DowngradeRequest.Types.DowngradeAction.Validate => await downgrades.ValidateAsync(request.Version),
            DowngradeRequest.Types.DowngradeAction.Enable => await downgrades.EnableAsync(request.Version, caller),
            DowngradeRequest.Types.DowngradeAction.Cancel => await downgrades.CancelAsync(caller),
            _ => throw Refusal.ToException(KvError.UnknownMethod),
        };
        return new DowngradeResponse { Header = headers.Now(), Version = cluster };
    }

    private async Task SendAsync(
        IServerStreamWriter<SnapshotResponse> stream, ReadOnlyMemory<byte> piece, long remaining,
            ServerCallContext context)
    {
        var response = new SnapshotResponse
        {
            Header = headers.Now(),
            Blob = UnsafeByteOperations.UnsafeWrap(piece),
            RemainingBytes = (ulong)remaining,
            Version = upkeep.StorageVersion,
        };
        await stream.WriteAsync(response, context.CancellationToken);
    }
}
