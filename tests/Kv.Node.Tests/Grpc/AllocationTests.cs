using System.Net.Sockets;
using Kv.Grpc;
using Kv.Testing;

namespace Kv.Node.Tests.Grpc;

[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationMeasurements;

/// <summary>What a call costs the garbage collector, all of Kestrel included. The client sends bytes made beforehand,
/// so that what is allocated is allocated by the server.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int WarmUpBatches = 100;
    private const int MeasuredBatches = 200;

    [Theory]
    [InlineData((byte)1, 64)]
    [InlineData(RawEcho.Later, 1500)] // Kestrel's own loops have to wait too, and are most of it
    public async Task A_raw_call_allocates_next_to_nothing(byte wish, double mostBytes)
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using Socket socket = RawHttp2.Connect(server.Port);
        byte[] message = [wish, .. new byte[300]];
        var load = new RawLoad(socket, NotesServer.RawPath, message, answerBytesMax: message.Length + 5);

        double allocated = await Task.Factory.StartNew(
            () => Measure(load),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        CallCounts counts = server.Server.Methods.Single(method => method.Path == NotesServer.RawPath).Counts;
        const int Calls = (WarmUpBatches + MeasuredBatches) * RawLoad.BatchCalls;
        Assert.Equal(Calls, counts.Handled(global::Grpc.Core.StatusCode.OK));
        Assert.InRange(allocated, 0, mostBytes);
    }

    private static double Measure(RawLoad load)
    {
        load.Run(WarmUpBatches);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        load.Run(MeasuredBatches);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        return allocated / (double)(MeasuredBatches * RawLoad.BatchCalls);
    }
}
