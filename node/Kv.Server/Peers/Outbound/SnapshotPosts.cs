using System.Diagnostics.CodeAnalysis;
using Kv.Raft;

namespace Kv.Server.Peers.Outbound;

/// <summary>Sends the store to one peer.</summary>
/// <param name="slots">Of the whole transport: how many snapshots may be under way.</param>
internal sealed class SnapshotPosts(PeerScope peer, SlotCount slots)
{
    private const string Path = "/raft/snapshot";

    private readonly TaskSet _sending = new();
    private readonly TimeProvider _time = peer.Options.Time;

    /// <summary>Begins to send, and disposes of it in the end; Raft is told how it ended.</summary>
    public void Send(IOutgoingSnapshot snapshot, CancellationToken stop)
    {
        if (slots.TryTake())
        {
            _sending.Add(Task.Run(() => SendAsync(snapshot, stop), CancellationToken.None));
            return;
        }

        using (snapshot)
            Fail(snapshot.Message, "too many snapshots are under way");
    }

    public Task WhenAllAsync() => _sending.WhenAllAsync();

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a task: whatever happens to a snapshot, Raft must hear of its end.")]
    private async Task SendAsync(IOutgoingSnapshot snapshot, CancellationToken stop)
    {
        long begin = _time.GetTimestamp();
        bool isSent = false;
        peer.Options.Observer.OnSnapshotSendBegan(peer.Id);
        try
        {
            await PostAsync(snapshot, stop);
            isSent = true;
            peer.Transport.Member.ReportSnapshot(peer.Id, isSuccess: true);
            PeerLog.SentSnapshot(
                peer.Log, IndexOf(snapshot.Message), peer.Id, snapshot.Bytes, _time.GetElapsedTime(begin));
        }
        catch (Exception fault)
        {
            Fail(snapshot.Message, fault.Message);
        }
        finally
        {
            snapshot.Dispose();
            slots.Return();
            peer.Options.Observer.OnSnapshotSendEnded(peer.Id, isSent, _time.GetElapsedTime(begin));
        }
    }

    private async Task PostAsync(IOutgoingSnapshot snapshot, CancellationToken stop)
    {
        if (peer.Urls.Pick() is not { } url)
            throw new HttpRequestException("the peer has no URL");
        PeerLog.SendingSnapshot(peer.Log, IndexOf(snapshot.Message), peer.Id, snapshot.Bytes);
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            OnProgress(isAllSent: false);
            using HttpRequestMessage request = peer.Transport.Http.Create(HttpMethod.Post, url, Path);
            request.Content = new SnapshotContent(snapshot, peer.Options.Style, OnProgress);
            using HttpResponseMessage response = await peer.Transport.Http.SendAsync(request, stalled.Token);
            if (await PeerAnswers.FindFaultAsync(response, peer, stalled.Token) is { } fault)
                throw new HttpRequestException(fault);
        }
        catch
        {
            peer.Urls.Avoid(url);
            throw;
        }

        void OnProgress(bool isAllSent) => stalled.CancelAfter(
            isAllSent ? peer.Options.SnapshotAnswerTimeout : peer.Options.SnapshotStallTimeout);
    }

    private void Fail(Message message, string error)
    {
        PeerLog.FailedToSendSnapshot(peer.Log, IndexOf(message), peer.Id, error);
        peer.OnLost();
        peer.Transport.Member.ReportSnapshot(peer.Id, isSuccess: false);
    }

    private static ulong IndexOf(Message message) => message.Snapshot?.Id.Index ?? 0;
}
