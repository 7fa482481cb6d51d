using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Threading.Channels;
using Kv.Raft;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers.Outbound;

/// <summary>Sends messages one by one, a few at a time, to a peer with which there is no stream.</summary>
internal sealed class MessagePosts(PeerScope peer)
{
    private const string Path = "/raft";

    private static readonly MediaTypeHeaderValue ContentType = new("application/protobuf");

    private readonly RaftMessageEncoder _encoder = new(peer.Options.Style);
    private readonly Channel<Message> _queue = Channel.CreateBounded<Message>(
        new BoundedChannelOptions(peer.Options.PostQueueMax) { FullMode = BoundedChannelFullMode.Wait });

    /// <summary>False if too many wait.</summary>
    public bool TrySend(Message message) => _queue.Writer.TryWrite(message);

    /// <summary>Runs until stopped.</summary>
    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, peer.Options.PostsMax).Select(_ => PostAllAsync(stop)));

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a task: whatever one message leads to ends that one only.")]
    private async Task PostAllAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Message message = await _queue.Reader.ReadAsync(stop);
                await PostAsync(message, stop);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                peer.Status.SetDown(PeerLinks.Posts, fault.Message);
                peer.OnLost();
            }
        }
    }

    private async Task PostAsync(Message message, CancellationToken stop)
    {
        if (peer.Urls.Pick() is not { } url)
            throw new HttpRequestException("the peer has no URL");
        try
        {
            byte[] body = Encode(message);
            using HttpRequestMessage request = peer.Transport.Http.Create(HttpMethod.Post, url, Path);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = ContentType;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(peer.Options.PostTimeout);
            using HttpResponseMessage response = await peer.Transport.Http.SendAsync(request, patience.Token);
            if (await PeerAnswers.FindFaultAsync(response, peer, patience.Token) is { } fault)
                throw new HttpRequestException(fault);
            peer.Status.SetUp(PeerLinks.Posts);
            peer.Options.Observer.OnSent(peer.Id, body.Length);
        }
        catch
        {
            peer.Urls.Avoid(url);
            throw;
        }
    }

    private byte[] Encode(Message message)
    {
        var body = new System.Buffers.ArrayBufferWriter<byte>((int)Math.Max(1, _encoder.SizeOf(message)));
        var output = new WireOutput(body);
        _encoder.Write(ref output, message);
        output.Flush();
        return body.WrittenSpan.ToArray();
    }
}
