using System.IO.Pipelines;
using Kv.Grpc;

namespace Kv.Server.Peers.Inbound;

/// <summary>Reads the body of a request, whose sender must not be silent for too long.</summary>
internal sealed class PatientReader(PlainHttpCall call, TimeSpan patience) : IDisposable
{
    private readonly CancellationTokenSource _patience =
        CancellationTokenSource.CreateLinkedTokenSource(call.Cancelled);

    /// <exception cref="OperationCanceledException">The sender was silent for too long, or has gone.</exception>
    public async ValueTask<ReadResult> ReadAsync()
    {
        if (call.RequestBody.TryRead(out ReadResult there))
            return there;
        _patience.CancelAfter(patience);
        ReadResult read = await call.RequestBody.ReadAsync(_patience.Token);
        _patience.CancelAfter(Timeout.InfiniteTimeSpan);
        return read;
    }

    public void Advance(SequencePosition consumed) => call.RequestBody.AdvanceTo(consumed);

    public void Advance(SequencePosition consumed, SequencePosition examined) =>
        call.RequestBody.AdvanceTo(consumed, examined);

    public void Dispose() => _patience.Dispose();
}
