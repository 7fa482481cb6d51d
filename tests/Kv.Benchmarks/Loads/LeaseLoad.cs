using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks.Loads;

/// <summary>Leases that are kept alive, each on a stream of its client.</summary>
public sealed class LeaseLoad(LoadOptions options, Connections connections)
{
    private const long TtlSeconds = 600;

    private static readonly Method<byte[], byte[]> Grant = Connections.Method("Lease", "LeaseGrant");
    private static readonly Method<byte[], byte[]> KeepAlive =
        Connections.Method("Lease", "LeaseKeepAlive", MethodType.DuplexStreaming);

    public async Task<RunResult> RunAsync()
    {
        AsyncDuplexStreamingCall<byte[], byte[]>[] streams =
        [
            .. Enumerable.Range(0, options.Clients)
                .Select(client => connections.Of(client).AsyncDuplexStreamingCall(KeepAlive, null, default)),
        ];
        long[] leases = await Task.WhenAll(Enumerable.Range(0, Math.Max(1, options.Watchers)).Select(GrantAsync));
        try
        {
            return await new LoadRun(options).RunAsync(
                "lease-keepalive",
                (client, random) => KeepAliveAsync(streams[client], leases[random.Next(leases.Length)]));
        }
        finally
        {
            foreach (AsyncDuplexStreamingCall<byte[], byte[]> stream in streams)
                stream.Dispose();
        }
    }

    private async Task<long> GrantAsync(int client)
    {
        byte[] request = new LeaseGrantRequest { TTL = TtlSeconds }.ToByteArray();
        using AsyncUnaryCall<byte[]> call = connections.Of(client).AsyncUnaryCall(Grant, null, default, request);
        return LeaseGrantResponse.Parser.ParseFrom(await call.ResponseAsync).ID;
    }

    private static async Task KeepAliveAsync(AsyncDuplexStreamingCall<byte[], byte[]> stream, long lease)
    {
        await stream.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = lease }.ToByteArray());
        if (!await stream.ResponseStream.MoveNext(CancellationToken.None))
            throw new RpcException(new Status(StatusCode.Unavailable, "The stream of keepalives ended."));
    }
}
