using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kv.Node.Tests.Peers;

/// <summary>A peer that answers each connection just as a test says, also against all rules.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    public const string StreamHead =
        "HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: c1\r\nX-Server-Version: 3.7.1\r\nTransfer-Encoding: chunked\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;
    private readonly List<Task> _answering = [];
    private readonly Task _accepting;
    private int _requests;

    /// <param name="answer">Gets the head of the request and the connection, which is closed when it returns.</param>
    public RawPeer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Answers streams with these bytes, then says no more until it is disposed of.</summary>
    public static RawPeer Streaming(byte[] content) => new(async (head, connection, stop) =>
    {
        if (!head.StartsWith("GET /raft/stream/", StringComparison.Ordinal))
            return;
        await connection.WriteAsync(Encoding.ASCII.GetBytes(StreamHead), stop);
        await connection.WriteAsync(Chunk(content), stop);
        await HoldAsync(connection, stop);
    });

    /// <summary>Says nothing until the other side closes the connection, or the test is over.</summary>
    public static async Task HoldAsync(NetworkStream connection, CancellationToken stop) =>
        await connection.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, stop);

    /// <summary>Does not even read until the test is over.</summary>
    public static async Task FreezeAsync(CancellationToken stop)
    {
        var over = new TaskCompletionSource();
        await using CancellationTokenRegistration ending = stop.Register(over.SetResult);
        await over.Task;
    }

    /// <summary>Answers every request with this.</summary>
    public static RawPeer Answering(string response) => new(async (_, connection, stop) =>
        await connection.WriteAsync(Encoding.ASCII.GetBytes(response), stop));

    public static byte[] Chunk(byte[] content) => content.Length == 0
        ? []
        : [.. Encoding.ASCII.GetBytes($"{content.Length:x}\r\n"), .. content, .. "\r\n"u8];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_answering);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _answering.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception fault)
            when (fault is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Disposed of.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream connection = client.GetStream();
                string head = await ReadHeadAsync(connection, _stop.Token);
                Interlocked.Increment(ref _requests);
                await _answer(head, connection, _stop.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException)
            {
                // The other side has gone, or the test is over.
            }
        }
    }

    private static async Task<string> ReadHeadAsync(NetworkStream connection, CancellationToken stop)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await connection.ReadAsync(one, stop) == 0)
                throw new IOException("The connection ended in the head.");
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
