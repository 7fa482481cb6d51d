using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Threading.Channels;
using Kv.Kubernetes.Models;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.Events;

/// <summary>Tells, by way of the API, what was decided about an object and why, for whoever runs <c>kubectl
/// describe</c>. It is never waited for, and may be lost: when more come than can be written, the newest are dropped
/// and counted in the log.</summary>
public sealed class EventRecorder : IAsyncDisposable
{
    private const int WaitingMax = 1000;
    private static readonly TimeSpan FlushMax = TimeSpan.FromSeconds(5);

    private readonly Channel<RecordedEvent> _waiting =
        Channel.CreateBounded<RecordedEvent>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly EventSeries _series;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Task _writing;

    /// <param name="controller">Who tells, "kvoperator.io/kv-operator".</param>
    /// <param name="instance">Which one of them, such as the pod's name.</param>
    public EventRecorder(
        IKubernetesClient client,
        string controller,
        string instance,
        ILogger logger,
        TimeProvider? time = null)
    {
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _series = new EventSeries(client, controller, instance, _time);
        _writing = Task.Run(WriteAsync);
    }

    /// <param name="reason">One word in CamelCase, documented: people alert on it.</param>
    /// <param name="message">What happened to this object; cut at 1 kB.</param>
    /// <param name="action">What was done, one word; the reason if there is no better one.</param>
    public void Publish(
        IKubernetesObject<V1ObjectMeta> entity,
        string reason,
        string message,
        EventType type = EventType.Normal,
        string? action = null)
    {
        var told = new RecordedEvent(entity.MakeObjectReference(), reason, Cut(message), type, action ?? reason)
        {
            At = _time.GetUtcNow().UtcDateTime,
        };
        if (!_waiting.Writer.TryWrite(told))
            Log.EventLost(_logger, reason, entity.Name(), "too many are waiting");
    }

    /// <summary>Writes what is left, but not for long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_waiting.Writer.TryComplete())
            return;
        _stop.CancelAfter(FlushMax);
        await _writing;
        _stop.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "The top of a lane: no event is worth the operator.")]
    private async Task WriteAsync()
    {
        await foreach (var told in _waiting.Reader.ReadAllAsync())
        {
            try
            {
                if (!await _series.WriteAsync(told, _stop.Token))
                    Log.EventLost(_logger, told.Reason, told.Regarding.Name ?? "", "this object has too many");
            }
            catch (Exception failure)
            {
                Log.EventLost(_logger, told.Reason, told.Regarding.Name ?? "", failure.Message);
            }
        }
    }

    /// <summary>The API takes a note of up to 1024 bytes.</summary>
    private static string Cut(string message)
    {
        const int BytesMax = 1024;
        const string Dots = "...";
        if (Encoding.UTF8.GetByteCount(message) <= BytesMax)
            return message;
        var text = new StringBuilder();
        int left = BytesMax - Dots.Length;
        foreach (var rune in message.EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
                break;
            text.Append(rune.ToString());
        }

        return text.Append(Dots).ToString();
    }
}

/// <summary>One thing that was told.</summary>
internal sealed record RecordedEvent(
    V1ObjectReference Regarding,
    string Reason,
    string Note,
    EventType Type,
    string Action)
{
    public DateTime At { get; init; }
}
