using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Kv.Raft;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers.Outbound;

/// <summary>Keeps one of the peer's streams open: dials it, takes in what it writes, and dials again when that
/// ends.</summary>
internal sealed class StreamReceiver(PeerScope peer, StreamKind kind) : IWatchedLink
{
    private const int BufferBytes = 64 * 1024;

    private readonly TimeProvider _time = peer.Options.Time;
    private readonly string _path = $"/raft/stream/{kind.Name}/{peer.Transport.Member.Id}";
    private PipeReader? _reading;
    private long _silentSince;

    /// <summary>Runs until stopped.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a task: whatever one connection leads to, the next may do better.")]
    public async Task RunAsync(CancellationToken stop)
    {
        peer.Transport.Watch.Add(this);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await DialAndReceiveAsync(stop);
            }
            catch (Exception fault) when (IsOfNetwork(fault))
            {
                PeerLog.FailedToDial(peer.Log, kind.Name, peer.Id, fault.Message);
                if (fault.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                    peer.Transport.Member.ReportRefused(peer.Id);
            }
            catch (Exception fault)
            {
                PeerLog.Faulted(peer.Log, kind.Name, fault);
            }

            await Task.Delay(peer.Options.RedialInterval, _time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        peer.Transport.Watch.Remove(this);
    }

    public void OnTick()
    {
        PipeReader? reading = Volatile.Read(ref _reading);
        if (reading is not null && _time.GetElapsedTime(Volatile.Read(ref _silentSince)) > peer.Options.ReadTimeout)
            reading.CancelPendingRead();
    }

    private async Task DialAndReceiveAsync(CancellationToken stop)
    {
        if (peer.Urls.Pick() is not { } url)
            return;
        using HttpResponseMessage response = await DialAsync(url, stop);
        string end = "";
        peer.Status.SetUp(kind.Incoming);
        PeerLog.EstablishedStream(peer.Log, kind.Name, peer.Id);
        try
        {
            end = await ReceiveAsync(await response.Content.ReadAsStreamAsync(stop), stop);
        }
        catch (Exception fault) when (IsOfNetwork(fault))
        {
            end = fault.Message;
        }
        finally
        {
            peer.Status.SetDown(kind.Incoming, end);
            if (!stop.IsCancellationRequested)
                PeerLog.LostStream(peer.Log, kind.Name, peer.Id, end);
        }
    }

    private static bool IsOfNetwork(Exception fault) =>
        fault is IOException or HttpRequestException or OperationCanceledException;

    private async Task<HttpResponseMessage> DialAsync(Uri url, CancellationToken stop)
    {
        using HttpRequestMessage request = peer.Transport.Http.Create(HttpMethod.Get, url, _path);
        request.Headers.TryAddWithoutValidation(PeerHeaders.To, peer.Id.ToString());
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(peer.Options.DialTimeout + peer.Options.ReadTimeout);
        HttpResponseMessage? response = null;
        try
        {
            response = await peer.Transport.Http.SendAsync(request, patience.Token);
            if (await FindFaultAsync(response, patience.Token) is not { } fault)
                return response;
            throw new HttpRequestException(fault);
        }
        catch
        {
            response?.Dispose();
            peer.Urls.Avoid(url);
            throw;
        }
    }

    /// <summary>What is wrong with the answer; null if nothing.</summary>
    private async Task<string?> FindFaultAsync(HttpResponseMessage response, CancellationToken cancelled)
    {
        if (!HasStream(response))
            return "unsupported stream type";
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                return null;
            case HttpStatusCode.Gone:
                peer.Transport.OnRemoved(peer.Id);
                return "the member has been permanently removed from the cluster";
            case HttpStatusCode.NotFound:
                return $"peer {peer.Id} failed to find local node {peer.Transport.Member.Id}";
            default:
                string body = await PeerAnswers.ReadErrorAsync(response, cancelled);
                return $"unhandled http status {(int)response.StatusCode}: {body}";
        }
    }

    // A peer that is older than this one must say so: the streams of before 2.1 were others.
    private static bool HasStream(HttpResponseMessage response)
    {
        bool isSaid = response.Headers.TryGetValues(PeerHeaders.Version, out IEnumerable<string>? values);
        return isSaid
            && PeerVersion.TryParse(values!.First(), out PeerVersion version)
            && version >= PeerVersion.FirstWithStreams;
    }

    /// <summary>Returns why it ended.</summary>
    private async Task<string> ReceiveAsync(Stream stream, CancellationToken stop)
    {
        IStreamDecoder decoder = kind.CreateDecoder(peer.Transport.Member.Id, peer.Id);
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes));
        Volatile.Write(ref _silentSince, _time.GetTimestamp());
        Volatile.Write(ref _reading, reader);
        try
        {
            await using CancellationTokenRegistration stopping = stop.Register(reader.CancelPendingRead);
            while (true)
            {
                ReadResult read = await reader.ReadAsync(CancellationToken.None);
                if (read.IsCanceled)
                    return stop.IsCancellationRequested ? "stopped" : "nothing was heard for too long";
                Volatile.Write(ref _silentSince, _time.GetTimestamp());
                ReadOnlySequence<byte> rest = read.Buffer;
                if (!TryTake(decoder, ref rest))
                    return "it does not follow the protocol";
                if (read.IsCompleted)
                    return "EOF";
                reader.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            Volatile.Write(ref _reading, null);
            await reader.CompleteAsync();
        }
    }

    /// <summary>Passes on every message that is whole; false if one is none.</summary>
    private bool TryTake(IStreamDecoder decoder, ref ReadOnlySequence<byte> received)
    {
        long before = received.Length;
        FrameOutcome outcome;
        while ((outcome = decoder.TryRead(ref received, out Message? message)) == FrameOutcome.Taken)
        {
            if (message is not null)
                peer.Transport.Intake.Admit(message);
        }

        if (before > received.Length)
            peer.Options.Observer.OnReceived(peer.Id, before - received.Length);
        return outcome == FrameOutcome.Incomplete;
    }
}
