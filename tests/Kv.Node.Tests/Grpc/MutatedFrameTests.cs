using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Testing;

namespace Kv.Node.Tests.Grpc;

/// <summary>Connections whose calls are altered in every way that comes to mind: at first what gRPC reads, which ends
/// the call alone, and at last what HTTP/2 reads, which may end the connection. They may get any answer or none; the
/// server stays, serves others, and keeps nothing of them: the memory of the process tells, so no other test may run
/// meanwhile.</summary>
[Collection(nameof(AllocationTests))]
public sealed class MutatedFrameTests
{
    private const int Connections = 25;
    private const int CallsPerConnection = 40;
    private const long KeptMaxBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[] Paths =
        [NotesServer.RawPath, "/kv.test.Notes/Echo", "/kv.test.Notes/Sum", "/kv.test.Notes/Talk", "/nothing/there"];

    [Theory]
    [Seeds(10)]
    public async Task A_server_survives_frames_that_were_altered(int seed)
    {
        var random = new Random(seed);
        await using NotesServer server = await NotesServer.StartAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);

        for (int connection = 0; connection < Connections; connection++)
            Send(server.Port, Calls(random), AlteredFrames(random), random);
        for (int connection = 0; connection < Connections; connection++)
        {
            byte[] opening = [.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])];
            Send(server.Port, [], [Altered(opening, random)], random);
        }

        using GrpcChannel channel = server.Channel();
        Assert.Equal(seed, (await new Notes.NotesClient(channel).EchoAsync(new Note { Number = seed })).Number);
        Assert.Empty(server.Faults);
        await server.Server.StopAsync(Patience).WaitAsync(Patience);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, KeptMaxBytes);

        // Much of what was sent was still a call, and much a bad one: or else nothing was tried here.
        CallCounts[] counts = [.. server.Server.Methods.Select(method => method.Counts)];
        long[] ended = [.. Enum.GetValues<StatusCode>().Select(code => counts.Sum(each => each.Handled(code)))];
        string found = string.Join(',', ended);
        Assert.True(ended[(int)StatusCode.OK] > 100, found);
        Assert.True(ended[(int)StatusCode.Internal] > 100, found);
        Assert.True(ended[(int)StatusCode.ResourceExhausted] > 10, found);
        Assert.Equal(counts.Sum(each => each.Started), ended.Sum());
    }

    private static void Send(int port, List<byte[]> calls, List<byte[]> last, Random random)
    {
        using Socket socket = RawHttp2.Connect(port);
        try
        {
            if (calls.Count > 0)
            {
                socket.Send([.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])]);
                foreach (byte[] frame in calls)
                    socket.Send(frame);
                new StreamEnds(socket).Await(CallsPerConnection);
            }

            foreach (byte[] frame in last)
                socket.Send(frame);
            socket.Shutdown(SocketShutdown.Send);
            byte[] buffer = new byte[16 * 1024];
            while (random.Next(100) != 0 && socket.Receive(buffer) > 0)
            {
                // All that was sent has been dealt with when the server closes its side.
            }
        }
        catch (SocketException fault) when (
            fault.SocketErrorCode is SocketError.ConnectionReset
                or SocketError.Shutdown
                or SocketError.ConnectionAborted)
        {
            // The server had enough.
        }
    }

    /// <summary>Calls that are sound for HTTP/2, and of which one in three is for gRPC too.</summary>
    private static List<byte[]> Calls(Random random)
    {
        var frames = new List<byte[]>();
        for (int call = 0; call < CallsPerConnection; call++)
        {
            int stream = (2 * call) + 1;
            string path = Paths[random.Next(Paths.Length)];
            string timeout = random.Next(10) == 0 ? "S" : "5S";
            string encoding = random.Next(10) == 0 ? "gzip" : "identity";
            byte[] message = Wire.Frame([0x18, (byte)stream, 0x0a, 1, (byte)random.Next('A', 'z')]);
            byte[] body = random.Next(3) == 0 ? message : Altered(message, random);
            int cut = random.Next(body.Length + 1);
            frames.Add(RawHttp2.Call(stream, path, ("grpc-timeout", timeout), ("grpc-encoding", encoding)));
            frames.Add(RawHttp2.Frame(RawHttp2.Data, 0, stream, body.AsSpan(0, cut)));
            frames.Add(RawHttp2.Frame(RawHttp2.Data, RawHttp2.EndStream, stream, body.AsSpan(cut)));
        }

        return frames;
    }

    private static List<byte[]> AlteredFrames(Random random)
    {
        var frames = new List<byte[]>();
        for (int call = 0; call < 3; call++)
        {
            int stream = (2 * (CallsPerConnection + call)) + 1;
            frames.Add(Altered(RawHttp2.Call(stream, Paths[random.Next(Paths.Length)]), random));
            frames.Add(Altered(RawHttp2.Message(stream, [0x18, 1]), random));
            byte type = (byte)random.Next(12);
            frames.Add(Altered(RawHttp2.Frame(type, (byte)random.Next(256), stream, new byte[8]), random));
        }

        return frames;
    }

    private static byte[] Altered(byte[] bytes, Random random)
    {
        int at = random.Next(Math.Max(1, bytes.Length));
        byte any = (byte)random.Next(256);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = any;
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], any, .. bytes[at..]];
            case 4: // the type of an HTTP/2 frame, or the middle of the length of a message
                bytes[Math.Min(3, bytes.Length - 1)] = any;
                return bytes;
            default: // the length of an HTTP/2 frame, or the flag of a message and the largest digit of its length
                bytes[random.Next(Math.Min(2, bytes.Length))] = any;
                return bytes;
        }
    }
}
