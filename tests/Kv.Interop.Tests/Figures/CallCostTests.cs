using System.Net;
using System.Net.Sockets;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Figures;

/// <summary>What a call costs the garbage collector of a whole node, from the socket to the disk and back: what its
/// runtime counts, over thousands of calls from a client that is another process.</summary>
public sealed class CallCostTests
{
    private const string Allocated = "dotnet_gc_allocated_bytes_total";
    private const int WarmUpBatches = 100;
    private const int MeasuredBatches = 400;
    private const int WarmUpReadings = 10;
    private const int AnswerBytesMax = 500;

    private static readonly ByteString Key = ByteString.CopyFromUtf8("key");

    /// <param name="method">The method called.</param>
    /// <param name="mostBytes">Puts took 1,500; ranges took less than the measurement can tell.</param>
    [Theory]
    [InlineData("KV/Put", 2000)]
    [InlineData("KV/Range", 50)]
    [InlineData("KV/Range, serializable", 50)]
    public async Task A_call_allocates_no_more_than_it_did(string method, double mostBytes)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["m1"]));
        var put = new PutRequest { Key = Key, Value = ByteString.CopyFrom(new byte[256]) };
        using (var client = new ApiClient(node.Url))
            await client.CallAsync<PutResponse>("KV/Put", put);

        IMessage request = method == "KV/Put"
            ? put
            : new RangeRequest { Key = Key, Serializable = method.EndsWith("serializable", StringComparison.Ordinal) };
        using Socket socket = RawHttp2.Connect(IPEndPoint.Parse(node.Endpoint));
        string path = "/etcdserverpb." + method.Split(',')[0];
        var load = new RawLoad(socket, path, request.ToByteArray(), AnswerBytesMax);
        load.Run(WarmUpBatches);

        // To ask costs something too.
        for (int reading = 0; reading < WarmUpReadings; reading++)
            await ReadAsync(node);
        double first = await ReadAsync(node);
        double before = await ReadAsync(node);
        load.Run(MeasuredBatches);
        double allocated = await ReadAsync(node) - before - (before - first);

        double each = allocated / (MeasuredBatches * RawLoad.BatchCalls);
        TestContext.Current.TestOutputHelper?.WriteLine($"{method}: {each:f0} bytes");
        Assert.InRange(each, -mostBytes, mostBytes);
    }

    private static async Task<double> ReadAsync(NodeProcess node) =>
        await Processes.Metrics.ReadAsync(node.Url, Allocated) ?? throw new InvalidOperationException("no such metric");
}
