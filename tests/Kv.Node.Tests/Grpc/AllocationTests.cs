using System.Buffers.Binary;
using System.Net.Sockets;
using Kv.Grpc;

namespace Kv.Node.Tests.Grpc;

[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationMeasurements;

/// <summary>What a call costs the garbage collector, all of Kestrel included. The client sends bytes made beforehand,
/// so that what is allocated is allocated by the server.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Batch = 50;
    private const int WarmUpBatches = 100;
    private const int MeasuredBatches = 200;

    [Theory]
    [InlineData((byte)1, 64)]
    [InlineData(RawEcho.Later, 1500)] // Kestrel's own loops have to wait too, and are most of it
    public async Task A_raw_call_allocates_next_to_nothing(byte wish, double mostBytes)
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using Socket socket = RawHttp2.Connect(server.Port);
        var client = new Client(socket, [wish, .. new byte[300]]);

        double allocated = await Task.Factory.StartNew(
            client.Measure,
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        CallCounts counts = server.Server.Methods.Single(method => method.Path == NotesServer.RawPath).Counts;
        Assert.Equal((WarmUpBatches + MeasuredBatches) * Batch, counts.Handled(global::Grpc.Core.StatusCode.OK));
        Assert.InRange(allocated, 0, mostBytes);
    }

    /// <summary>Sends calls in batches and waits for the end of each.</summary>
    private sealed class Client
    {
        private readonly Socket _socket;
        private readonly byte[] _batch;
        private readonly List<int> _streamOffsets = [];
        private readonly StreamEnds _ends;
        private int _nextStream = 1;

        public Client(Socket socket, byte[] payload)
        {
            _socket = socket;
            _ends = new StreamEnds(socket);
            var batch = new List<byte>();
            for (int call = 0; call < Batch; call++)
            {
                Add(batch, RawHttp2.Call(0, NotesServer.RawPath));
                Add(batch, RawHttp2.Message(0, payload));
            }

            // What the answers take of the connection's window is given back with each batch.
            byte[] window = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(window, Batch * (payload.Length + 5));
            batch.AddRange(RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 0, window));
            _batch = [.. batch];
            _socket.Send([.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])]);
        }

        /// <summary>The bytes allocated per call, once all is warm.</summary>
        public double Measure()
        {
            for (int batch = 0; batch < WarmUpBatches; batch++)
                SendBatch();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int batch = 0; batch < MeasuredBatches; batch++)
                SendBatch();
            return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(MeasuredBatches * Batch);
        }

        private void Add(List<byte> batch, byte[] frame)
        {
            _streamOffsets.Add(batch.Count + 5);
            batch.AddRange(frame);
        }

        private void SendBatch()
        {
            for (int index = 0; index < _streamOffsets.Count; index++)
            {
                int stream = _nextStream + (index / 2 * 2);
                BinaryPrimitives.WriteInt32BigEndian(_batch.AsSpan(_streamOffsets[index]), stream);
            }

            _nextStream += 2 * Batch;
            _socket.Send(_batch);
            _ends.Await(Batch);
        }
    }
}
