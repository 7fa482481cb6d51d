using System.Net;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Grpc;

namespace Kv.Node.Tests.Snapshots;

/// <summary>A member that sends a given file as its snapshot, and says of itself what a test wants.</summary>
internal sealed class SnapshotServer : Maintenance.MaintenanceBase, IAsyncDisposable
{
    private const int PieceBytes = 32 * 1024;

    private readonly GrpcServer _server = new(new GrpcServerOptions());

    /// <summary>With the checksum at its end.</summary>
    public required byte[] File { get; set; }

    public StatusResponse Told { get; } = new()
    {
        Header = new ResponseHeader { ClusterId = 0xC, MemberId = 1 },
        Leader = 1,
        RaftIndex = 10,
        RaftAppliedIndex = 10,
    };

    public HashKVResponse? HashAnswer { get; set; }

    /// <summary>How many bytes are sent before the connection of the first so many snapshots breaks.</summary>
    public int BreaksAfter { get; set; } = int.MaxValue;

    public int BreakCount { get; set; }

    public int SnapshotCount { get; private set; }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_server.EndPoints[0]).Port}");

    public async Task StartAsync()
    {
        _server.Add(Maintenance.BindService(this));
        await _server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)]);
    }

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) =>
        Task.FromResult(Told);

    public override Task<HashKVResponse> HashKV(HashKVRequest request, ServerCallContext context) =>
        HashAnswer is null
            ? throw new RpcException(new Status(StatusCode.OutOfRange, "required revision has been compacted"))
            : Task.FromResult(HashAnswer);

    public override async Task Snapshot(
        SnapshotRequest request, IServerStreamWriter<SnapshotResponse> responseStream, ServerCallContext context)
    {
        bool isBroken = SnapshotCount++ < BreakCount;
        for (int offset = 0; offset < File.Length; offset += PieceBytes)
        {
            if (isBroken && offset >= BreaksAfter)
                throw new RpcException(new Status(StatusCode.Unavailable, "the member goes"));
            int length = Math.Min(PieceBytes, File.Length - offset);
            await responseStream.WriteAsync(new SnapshotResponse
            {
                Blob = ByteString.CopyFrom(File, offset, length),
                RemainingBytes = (ulong)(File.Length - offset - length),
            });
        }
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();
}
