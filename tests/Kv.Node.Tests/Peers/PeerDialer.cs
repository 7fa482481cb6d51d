using System.Net.Sockets;
using System.Text;
using Kv.Raft;
using Kv.Server.Peers;

namespace Kv.Node.Tests.Peers;

/// <summary>A peer's side of one connection to a node, by hand.</summary>
internal sealed class PeerDialer : IDisposable
{
    private PeerDialer(Socket socket) => Stream = new NetworkStream(socket, ownsSocket: true);

    public NetworkStream Stream { get; }

    public static async Task<PeerDialer> ConnectAsync(PeerNode node)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.EndPoint);
        return new PeerDialer(socket);
    }

    /// <summary>Asks for a stream, and returns when its head has come.</summary>
    public static async Task<PeerDialer> OpenStreamAsync(PeerNode node, StreamKind kind, NodeId self)
    {
        PeerDialer dialer = await ConnectAsync(node);
        await dialer.SendAsync(
            $"GET /raft/stream/{kind.Name}/{self} HTTP/1.1\r\nHost: x\r\nX-Server-From: {self}\r\n"
            + $"X-Server-Version: 3.7.1\r\nX-Min-Cluster-Version: 3.0.0\r\nX-Raft-To: {node.Id}\r\n"
            + $"X-Etcd-Cluster-Id: {node.ClusterId:x}\r\n\r\n");
        string head = await dialer.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        return dialer;
    }

    public async Task SendAsync(string text) => await Stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)await ReadByteAsync());
        return head.ToString();
    }

    /// <summary>The content of the next chunk.</summary>
    public async Task<byte[]> ReadChunkAsync()
    {
        var line = new StringBuilder();
        while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
            line.Append((char)await ReadByteAsync());
        byte[] content = new byte[Convert.ToInt32(line.ToString().Trim(), 16)];
        await Stream.ReadExactlyAsync(content).AsTask().WaitAsync(PeerNode.Patience);
        await ReadByteAsync();
        await ReadByteAsync();
        return content;
    }

    /// <summary>All that comes until the node closes the connection, however it does that.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new MemoryStream();
        try
        {
            await Stream.CopyToAsync(text).WaitAsync(PeerNode.Patience);
        }
        catch (IOException)
        {
            // Reset.
        }

        return Encoding.Latin1.GetString(text.ToArray());
    }

    public void Dispose() => Stream.Dispose();

    private async Task<byte> ReadByteAsync()
    {
        byte[] one = new byte[1];
        await Stream.ReadExactlyAsync(one).AsTask().WaitAsync(PeerNode.Patience);
        return one[0];
    }
}
