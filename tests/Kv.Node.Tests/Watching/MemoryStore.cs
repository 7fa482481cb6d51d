using System.Text;
using Google.Protobuf;
using Kv.Store;
using Kv.Store.Watching;
using Mvccpb;

namespace Kv.Node.Tests.Watching;

/// <summary>A store that keeps all it was ever told and looks through all of it for every answer: too slow to use, too
/// simple to be wrong. It publishes what changes as the real one does. Keys and values are text of one byte a
/// character.</summary>
internal sealed class MemoryStore : IHistory
{
    private readonly List<Change> _changes = [];
    private readonly SortedDictionary<string, KeyValue> _live = new(StringComparer.Ordinal);
    private readonly List<Change> _changing = [];
    private long _lastGiven;

    public IChangeSink? Sink { get; set; }

    /// <summary>Told of changes before <see cref="Sink"/>, and also of those that it is not told of.</summary>
    public IChangeSink? Twin { get; set; }

    public long CurrentRevision { get; private set; } = 1;

    public long CompactRevision { get; private set; } = -1;

    /// <summary>Called when a reader has looked at <see cref="CompactRevision"/> and is about to read.</summary>
    public Action? OnRead { get; set; }

    public IReadOnlyList<Change> Changes => _changes;

    public IReadOnlyCollection<string> Keys => _live.Keys;

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public void Put(string key, string value, long lease = 0) => Write(() => PutInside(key, value, lease));

    public void Delete(string key, string rangeEnd = "") => Write(() => DeleteInside(key, rangeEnd));

    /// <summary>Does what calls <see cref="PutInside"/> and <see cref="DeleteInside"/> as one revision.</summary>
    public void Write(Action operations)
    {
        _changing.Clear();
        operations();
        if (_changing.Count == 0)
            return;
        CurrentRevision++;
        _changes.AddRange(_changing);
        Change[] changes = [.. _changing];
        Twin?.Publish(CurrentRevision, changes);
        Sink?.Publish(CurrentRevision, changes);
    }

    public void PutInside(string key, string value, long lease = 0)
    {
        long revision = CurrentRevision + 1;
        KeyValue? old = _live.GetValueOrDefault(key);
        var put = new KeyValue
        {
            Key = ByteString.CopyFrom(Bytes(key)),
            CreateRevision = old?.CreateRevision ?? revision,
            ModRevision = revision,
            Version = (old?.Version ?? 0) + 1,
            Value = ByteString.CopyFrom(Bytes(value)),
            Lease = lease,
        };
        _live[key] = put;
        Add(put, isDelete: false);
    }

    public void DeleteInside(string key, string rangeEnd = "")
    {
        foreach (string gone in _live.Keys.Where(found => IsIn(found, key, rangeEnd)).ToList())
        {
            _live.Remove(gone);
            var tombstone = new KeyValue
            {
                Key = ByteString.CopyFrom(Bytes(gone)),
                ModRevision = CurrentRevision + 1,
            };
            Add(tombstone, isDelete: true);
        }
    }

    public void Compact(long revision) => CompactRevision = revision;

    /// <summary>Changes the revision as if a snapshot from elsewhere had come; nothing is published.</summary>
    public void WriteUnseen(Action operations)
    {
        IChangeSink? sink = Sink;
        Sink = null;
        operations();
        Sink = sink;
    }

    public static bool IsIn(string key, string start, string rangeEnd) => rangeEnd switch
    {
        "" => key == start,
        "\0" => string.CompareOrdinal(key, start) >= 0,
        _ => string.CompareOrdinal(key, start) >= 0 && string.CompareOrdinal(key, rangeEnd) < 0,
    };

    public long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink)
    {
        OnRead?.Invoke();
        long end = Math.Min(fromRevision + revisionsMax, CurrentRevision + 1);
        long bytes = 0;
        foreach (Change change in _changes)
        {
            long revision = change.Revision.Main;
            if (revision < fromRevision || revision >= end || !sink.Wants(change.Key.Span))
                continue;
            if (bytes >= bytesMax && revision != _lastGiven)
            {
                end = revision;
                break;
            }

            _lastGiven = revision;
            bytes += change.KeyValue.Length;
            if (revision >= CompactRevision)
                sink.Add(change); // what lies below may have been removed already
        }

        return end;
    }

    public bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue)
    {
        keyValue = default;
        bool isLive = false;
        foreach (Change change in _changes)
        {
            if (change.Revision.Main > revision || !change.Key.Span.SequenceEqual(key))
                continue;
            isLive = !change.IsDelete;
            keyValue = change.KeyValue;
        }

        return isLive && revision >= CompactRevision;
    }

    private void Add(KeyValue keyValue, bool isDelete)
    {
        var revision = new Revision(CurrentRevision + 1, _changing.Count);
        _changing.Add(new Change(revision, isDelete, keyValue.Key.Memory, keyValue.ToByteArray()));
    }
}
