using System.Collections.Concurrent;
using Google.Protobuf;

namespace Kv.Interop.Tests.Crashes;

/// <summary>What was written to a node and what of it was acknowledged, to be held against the history that the node
/// has after a crash. Each write makes one revision, and a put is unlike any other, so that the history of a correct
/// node is a list without holes in which every acknowledged write stands at its revision, and nothing stands
/// twice.</summary>
public sealed class WrittenHistory
{
    private readonly ConcurrentDictionary<string, int> _sent = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, string> _acknowledged = new();
    private TaskCompletionSource _first = NewSource();

    /// <summary>Up to here the history was found to be right.</summary>
    public long Verified { get; private set; } = 1;

    public int AcknowledgedCount => _acknowledged.Count;

    /// <summary>Ends with the first acknowledgement after the last check.</summary>
    public Task First => _first.Task;

    /// <summary>Names a write by what it will look like in the history.</summary>
    public static string Name(Mvccpb.Event.Types.EventType type, ByteString key, ByteString value) =>
        type == Mvccpb.Event.Types.EventType.Delete
            ? $"delete {key.ToStringUtf8()}"
            : $"put {key.ToStringUtf8()} {value.Length} {value.ToStringUtf8()[..Math.Min(value.Length, 24)]}";

    public void Sent(string write) => _sent.AddOrUpdate(write, 1, (_, count) => count + 1);

    public void Acknowledged(long revision, string write)
    {
        bool isNew = _acknowledged.TryAdd(revision, write);
        Assert.True(isNew, $"Revision {revision} was given twice: to {write} and {_acknowledged[revision]}.");
        _first.TrySetResult();
    }

    /// <summary>Checks the events after <see cref="Verified"/>, as a watch from there tells them.</summary>
    public void Check(IReadOnlyList<Mvccpb.Event> events, long current)
    {
        long expected = Verified + 1;
        foreach (Mvccpb.Event change in events)
        {
            Assert.Equal(expected, change.Kv.ModRevision);
            CheckEvent(change, expected);
            expected++;
        }

        Assert.Equal(current + 1, expected);
        long lost = _acknowledged.Keys.DefaultIfEmpty().Max();
        Assert.True(lost <= current, $"Revision {lost} was acknowledged, and the history ends at {current}.");
        Verified = current;
        _acknowledged.Clear();
        _first = NewSource();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void CheckEvent(Mvccpb.Event change, long revision)
    {
        string found = Name(change.Type, change.Kv.Key, change.Kv.Value);
        int left = _sent.AddOrUpdate(found, -1, (_, count) => count - 1);
        Assert.True(left >= 0, $"Revision {revision} holds '{found}' more often than it was sent.");
        if (_acknowledged.TryGetValue(revision, out string? promised))
            Assert.Equal(promised, found);
    }
}
