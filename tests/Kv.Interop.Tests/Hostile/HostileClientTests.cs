using System.Net;
using System.Net.Sockets;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Hostile;

/// <summary>A whole node in the hands of clients that have gone wrong, or mean no good. They may get any answer or
/// none; the node stays, serves others, and holds nothing of them.</summary>
public sealed class HostileClientTests
{
    private const int Connections = 250;
    private const int CallsPerConnection = 40;
    private const int DroppedConnections = 1000;
    private const long MemoryMaxBytes = 200L * 1024 * 1024;
    private const int DescriptorsMax = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>What our node says when something happened that nobody has thought of.</summary>
    private static readonly string[] Alarming = ["threw what it should not have", "the node cannot go on"];

    [Theory]
    [Seeds(1)]
    public async Task A_node_survives_ten_thousand_requests_that_were_altered(int seed)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartAsync(folder);
        var before = NodeCost.Of(node);
        var random = new Random(seed);
        var requests = new HostileRequests(random);
        for (int connection = 0; connection < Connections; connection++)
            SendCalls(node, requests);

        await MustBeWellAsync(node, before);
    }

    [Theory]
    [Seeds(1)]
    public async Task A_node_survives_a_thousand_connections_that_end_anywhere(int seed)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartAsync(folder);
        var before = NodeCost.Of(node);
        var random = new Random(seed);
        var requests = new HostileRequests(random);
        var open = new Queue<Socket>();
        for (int connection = 0; connection < DroppedConnections; connection++)
        {
            Socket socket = RawHttp2.Connect(EndPointOf(node));
            open.Enqueue(socket);
            TrySend(socket, [requests.ConnectionStart(), .. requests.BrokenCall(1).Take(random.Next(3))]);
            if (open.Count > random.Next(100))
                requests.Drop(open.Dequeue());
        }

        while (open.TryDequeue(out Socket? socket))
            requests.Drop(socket);
        await MustBeWellAsync(node, before);
    }

    [Fact]
    public async Task Watch_clients_that_do_not_read_cost_a_bounded_amount_and_nobody_but_themselves()
    {
        const int SilentClients = 40;
        const int Revisions = 400;
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartAsync(folder);
        var before = NodeCost.Of(node);
        Socket[] silent = [.. Enumerable.Range(0, SilentClients).Select(_ => WatchInSilence(node))];
        await Processes.Metrics.WaitForAsync(node.Url, "etcd_debugging_mvcc_watcher_total", SilentClients);

        using var grpc = new RawGrpc(node.Url);
        await using RawStream reader = grpc.Open("/etcdserverpb.Watch/Watch");
        await reader.SendAsync(Create().ToByteArray());
        using var client = new ApiClient(node.Url);
        var put = new PutRequest { Key = ByteString.CopyFromUtf8("w"), Value = ByteString.CopyFrom(new byte[65_536]) };
        var seen = new List<long>();
        for (int revision = 0; revision < Revisions; revision++)
        {
            await client.CallAsync<PutResponse>("KV/Put", put);
            if (revision % 50 == 0)
                seen.AddRange(await ReadAsync(reader, until: 2 + revision));
        }

        seen.AddRange(await ReadAsync(reader, until: 1 + Revisions));
        Assert.Equal(Enumerable.Range(2, Revisions).Select(revision => (long)revision), seen);
        Assert.InRange(NodeCost.Of(node).MemoryBytes - before.MemoryBytes, long.MinValue, 2 * MemoryMaxBytes);
        foreach (Socket socket in silent)
            socket.Dispose();
        await Processes.Metrics.WaitForAsync(node.Url, "etcd_debugging_mvcc_watcher_total", 1);
    }

    private static Task<NodeProcess> StartAsync(TempDirectory folder) => NodeProcess.StartAsync(
        NodeProgram.Ours, new NodeSettings(folder["m1"]) { Extra = ["--bcrypt-cost", "4"] });

    private static void SendCalls(NodeProcess node, HostileRequests requests)
    {
        using Socket socket = RawHttp2.Connect(EndPointOf(node));
        try
        {
            socket.Send(HostileRequests.Opening);
            for (int call = 0; call < CallsPerConnection; call++)
            {
                foreach (byte[] frame in requests.Call((2 * call) + 1))
                    socket.Send(frame);
            }

            // Each of them ends, whatever it was; then those that only the client ends.
            new StreamEnds(socket).Await(CallsPerConnection);
            foreach (byte[] frame in requests.Watch((2 * CallsPerConnection) + 1))
                socket.Send(frame);
        }
        catch (SocketException fault) when (IsOver(fault))
        {
            // The node had enough.
        }
    }

    private static void TrySend(Socket socket, IEnumerable<byte[]> frames)
    {
        try
        {
            foreach (byte[] frame in frames)
                socket.Send(frame);
        }
        catch (SocketException fault) when (IsOver(fault))
        {
            // The node had enough.
        }
    }

    private static bool IsOver(SocketException fault) => fault.SocketErrorCode is
        SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted;

    private static Socket WatchInSilence(NodeProcess node)
    {
        Socket socket = RawHttp2.Connect(EndPointOf(node));
        socket.ReceiveBufferSize = 4096;
        socket.Send([
            .. RawHttp2.Preface,
            .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []),
            .. RawHttp2.Call(1, "/etcdserverpb.Watch/Watch"),
            .. RawHttp2.Message(1, Create().ToByteArray(), flags: 0),
        ]);
        return socket;
    }

    private static WatchRequest Create() =>
        new() { CreateRequest = new WatchCreateRequest { Key = ByteString.CopyFromUtf8("w") } };

    private static async Task<List<long>> ReadAsync(RawStream stream, long until)
    {
        var revisions = new List<long>();
        while (revisions.Count == 0 || revisions[^1] < until)
        {
            byte[]? message = await stream.NextAsync(Patience);
            Assert.NotNull(message);
            revisions.AddRange(WatchResponse.Parser.ParseFrom(message).Events.Select(told => told.Kv.ModRevision));
        }

        return revisions;
    }

    private static async Task MustBeWellAsync(NodeProcess node, NodeCost before)
    {
        using var client = new ApiClient(node.Url);
        var put = new PutRequest { Key = ByteString.CopyFromUtf8("well"), Value = ByteString.CopyFromUtf8("yes") };
        await client.CallAsync<PutResponse>("KV/Put", put);
        RangeResponse found = await client.CallAsync<RangeResponse>("KV/Range", new RangeRequest { Key = put.Key });
        Assert.Equal(put.Value, Assert.Single(found.Kvs).Value);
        Assert.False(node.HasExited);
        Assert.All(Alarming, text => Assert.DoesNotContain(text, node.Output));

        using var timer = new PeriodicTimer(Look);
        DateTime end = DateTime.UtcNow + Patience;
        NodeCost now;
        do
        {
            now = NodeCost.Of(node);
        }
        while (now.Descriptors > before.Descriptors + DescriptorsMax
            && DateTime.UtcNow < end && await timer.WaitForNextTickAsync());
        Assert.InRange(now.Descriptors, 0, before.Descriptors + DescriptorsMax);
        Assert.InRange(now.MemoryBytes - before.MemoryBytes, long.MinValue, MemoryMaxBytes);
    }

    private static IPEndPoint EndPointOf(NodeProcess node) => IPEndPoint.Parse(node.Endpoint);
}
