using System.Globalization;
using System.Text;
using Etcdserverpb;
using Kv.Store.Watching;
using Kv.Testing;

namespace Kv.Node.Tests.Watching;

/// <summary>The rules of watching, played against a store in memory. After each command the hub does all its work and
/// every stream reads what it has, except those told to <c>pause</c>.</summary>
public sealed class WatchTranscripts
{
    private readonly MemoryStore _store = new();
    private readonly QueueLane _lane = new();
    private readonly SortedDictionary<string, WatchClient> _streams = new(StringComparer.Ordinal);
    private readonly HashSet<string> _paused = [];
    private WatchHub? _hub;
    private TimeSpan _now;

    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plays_as_written(string path) => Transcript.Check(path, Answer);

    private string Answer(Command command)
    {
        Do(command);
        var answer = new StringBuilder();
        for (bool isMore = true; isMore;)
        {
            _lane.RunAll();
            isMore = false;
            foreach ((string name, WatchClient client) in _streams)
            {
                while (!_paused.Contains(name) && client.Read() is { } response)
                {
                    answer.Append(WatchText.Describe(name, response));
                    isMore = true;
                }
            }
        }

        return answer.ToString();
    }

    private void Do(Command command)
    {
        switch (command.Verb)
        {
            case "start":
                Start(command);
                break;
            case "put":
                _store.Put(command.Words[0], Value(command.Words[1]));
                break;
            case "delete":
                _store.Delete(command.Words[0], command.Words.Count > 1 ? command.Words[1] : "");
                break;
            case "txn":
                _store.Write(() => DoInside(command.Words));
                break;
            case "compact":
                _store.Compact((long)command.Number("below"));
                break;
            case "snapshot":
                _store.WriteUnseen(() => _store.Put(command.Words[0], Value(command.Words[1])));
                _hub!.Restore(_store.CurrentRevision);
                break;
            case "wait":
                _hub!.Tick(_now += TimeSpan.FromMilliseconds(command.Number("ms")));
                break;
            default:
                DoOnStream(command, command.Text("on", "A"));
                break;
        }
    }

    private void DoOnStream(Command command, string stream)
    {
        switch (command.Verb)
        {
            case "watch":
                Stream(stream).Create(Request(command), Refusal(command));
                break;
            case "cancel":
                Stream(stream).Cancel(long.Parse(command.Words[0], CultureInfo.InvariantCulture));
                break;
            case "progress":
                Stream(stream).RequestProgress();
                break;
            case "pause":
                _paused.Add(stream);
                break;
            case "resume":
                _paused.Remove(stream);
                break;
            case "close":
                Stream(stream).Close();
                _streams.Remove(stream);
                break;
            default:
                throw new InvalidDataException($"No command '{command.Verb}'.");
        }
    }

    private void Start(Command command)
    {
        WatchLimits usual = WatchLimits.Default;
        WatchLimits limits = usual with
        {
            StreamPendingBytesMax = (long)command.Number("pending", (ulong)usual.StreamPendingBytesMax),
            FragmentBytes = (int)command.Number("fragments", (ulong)usual.FragmentBytes),
            ResponseBytesMax = (int)command.Number("response", (ulong)usual.ResponseBytesMax),
            CatchUpRevisionsMax = (int)command.Number("stretch", (ulong)usual.CatchUpRevisionsMax),
            ProgressInterval = TimeSpan.FromSeconds(1),
        };
        _hub = new WatchHub(_store, _lane, new WatchIdentity(1, 2, () => 3), limits, new Random(1));
        _store.Sink = _hub;
    }

    private WatchStream Stream(string name)
    {
        if (!_streams.TryGetValue(name, out WatchClient? client))
            _streams.Add(name, client = new WatchClient(_hub!));
        return client.Stream;
    }

    private static WatchCreate Request(Command command)
    {
        var request = new WatchCreateRequest
        {
            Key = Google.Protobuf.ByteString.CopyFrom(Key(command.Text("key", ""))),
            RangeEnd = Google.Protobuf.ByteString.CopyFrom(Key(command.Text("end", ""))),
            StartRevision = long.Parse(command.Text("from", "0"), CultureInfo.InvariantCulture),
            WatchId = long.Parse(command.Text("id", "0"), CultureInfo.InvariantCulture),
            PrevKv = command.Has("prev"),
            ProgressNotify = command.Has("notify"),
            Fragment = command.Has("fragment"),
        };
        foreach (ulong filter in command.Numbers("filters"))
            request.Filters.Add((WatchCreateRequest.Types.FilterType)filter);
        return WatchCreate.From(request);
    }

    private static byte[] Key(string text) => text == "\\0" ? [0] : MemoryStore.Bytes(text);

    private static Func<WatchRange, string?>? Refusal(Command command) =>
        command.Has("refused") ? range => $"no right to {range.Key.Length} bytes of key" : null;

    // "v*100" is a hundred times v.
    private static string Value(string text) =>
        text.Split('*') is [var letter, var count]
            ? new string(letter[0], int.Parse(count, CultureInfo.InvariantCulture))
            : text;

    private void DoInside(IReadOnlyList<string> operations)
    {
        foreach (string operation in operations)
        {
            if (operation.Split(':') is [var key, var value])
                _store.PutInside(key, Value(value));
            else
                _store.DeleteInside(operation);
        }
    }
}
