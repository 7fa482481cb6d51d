using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Kv.Sandbox.Client;

/// <summary>Work that is done again whenever something changed, and now and then in any case. Changes that come while
/// it is being done lead to one more round, however many they are.</summary>
internal sealed class Loop(string name, TimeSpan interval, Func<CancellationToken, Task> round, Action<string> log)
{
    /// <summary>Whether any change of what is mirrored asks for a round.</summary>
    public bool IsWokenByChanges { get; init; }

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks for a round.</summary>
    public void Wake() => _wishes.Writer.TryWrite(true);

    [SuppressMessage("Design", "CA1031",
        Justification = "The top of a loop: what fails is tried again in the next round.")]
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(interval);
        Task<bool> tick = timer.WaitForNextTickAsync(stop).AsTask();
        Task<bool> wish = _wishes.Reader.WaitToReadAsync(stop).AsTask();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.WhenAny(tick, wish);
                stop.ThrowIfCancellationRequested();
                if (tick.IsCompleted)
                    tick = timer.WaitForNextTickAsync(stop).AsTask();
                if (wish.IsCompleted)
                {
                    _wishes.Reader.TryRead(out _);
                    wish = _wishes.Reader.WaitToReadAsync(stop).AsTask();
                }

                try
                {
                    await round(stop);
                }
                catch (ApiFaultException fault) when (fault.Code is 404 or 409)
                {
                    Wake(); // somebody else was faster: look again
                }
                catch (Exception fault) when (!stop.IsCancellationRequested)
                {
                    log($"{name}: {fault.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Its owner stops it.
        }
    }
}
