using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Kv.Server.Peers.Outbound;

/// <summary>Measures the way to a peer and back, and how far its clock is from ours. Decides nothing.</summary>
internal sealed class RoundTripProbe(PeerScope peer)
{
    private const string Path = "/raft/probing";
    private const int AnswerBytesMax = 1024;

    // How much of a new measurement goes into the average, as in TCP.
    private const double NewShare = 0.125;

    private static readonly TimeSpan DriftMax = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = peer.Options.Time;
    private TimeSpan? _smoothed;

    /// <summary>Runs until stopped.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a task: a probe that fails, for whatever reason, measures nothing.")]
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(peer.Options.ProbeInterval, _time);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stop);
                await ProbeAsync(stop);
            }
            catch (Exception)
            {
                _smoothed = null;
            }
        }
    }

    private async Task ProbeAsync(CancellationToken stop)
    {
        if (peer.Urls.Pick() is not { } url)
            return;
        using HttpRequestMessage request = PeerHttp.CreateNameless(HttpMethod.Get, url, Path);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(peer.Options.ProbeInterval);
        long begin = _time.GetTimestamp();
        using HttpResponseMessage response = await peer.Transport.Http.SendAsync(request, patience.Token);
        byte[] answer = new byte[AnswerBytesMax];
        await using Stream body = await response.Content.ReadAsStreamAsync(patience.Token);
        int length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, patience.Token);
        TimeSpan took = _time.GetElapsedTime(begin);

        _smoothed = _smoothed is { } before ? before + ((took - before) * NewShare) : took;
        peer.Options.Observer.OnRoundTrip(peer.Id, _smoothed.Value);
        using var health = JsonDocument.Parse(answer.AsMemory(0, length));
        string now = health.RootElement.GetProperty("Now").GetString() ?? "";
        TimeSpan drift = _time.GetUtcNow() - (took / 2) - DateTimeOffset.Parse(now, CultureInfo.InvariantCulture);
        if (drift.Duration() > DriftMax)
            PeerLog.FoundClockDrift(peer.Log, peer.Id, drift, took);
    }
}
