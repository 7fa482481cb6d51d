using System.Text.Json.Nodes;
using Etcdserverpb;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>A store that understands the calls of the recorded scenarios, and the stream they are played on.</summary>
internal sealed class RecordedWorld
{
    private readonly MemoryStore _store = new();
    private readonly QueueLane _lane = new();
    private readonly Dictionary<long, HashSet<string>> _leases = [];
    private readonly WatchHub _hub;
    private WatchClient? _client;

    public RecordedWorld()
    {
        _hub = new WatchHub(_store, _lane, new WatchIdentity(1, 2, () => 3), WatchLimits.Default, new Random(1));
        _store.Sink = _hub;
    }

    public Func<WatchRange, string?>? Refuse { get; init; }

    public void OpenStream() => _client = new WatchClient(_hub);

    public void CloseStream() => _client!.Stream.Close();

    public void Send(WatchRequest request)
    {
        switch (request.RequestUnionCase)
        {
            case WatchRequest.RequestUnionOneofCase.CreateRequest:
                _client!.Stream.Create(WatchCreate.From(request.CreateRequest), Refuse);
                break;
            case WatchRequest.RequestUnionOneofCase.CancelRequest:
                _client!.Stream.Cancel(request.CancelRequest.WatchId);
                break;
            case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                _client!.Stream.RequestProgress();
                break;
        }
    }

    public List<WatchResponse> Receive()
    {
        var received = new List<WatchResponse>();
        for (int turn = 0; turn < 100; turn++)
        {
            _lane.RunAll();
            List<WatchResponse> read = _client!.ReadAll();
            if (read.Count == 0 && _lane.IsIdle)
                break;
            received.AddRange(read);
        }

        return received;
    }

    public void Call(string path, JsonNode request)
    {
        switch (path)
        {
            case "/v3/kv/put":
                _store.Write(() => Put(request));
                break;
            case "/v3/kv/deleterange":
                _store.Write(() => Delete(request));
                break;
            case "/v3/kv/txn":
                _store.Write(() => Do(request["success"]!.AsArray()));
                break;
            case "/v3/kv/compaction":
                _store.Compact(Number(request["revision"]));
                break;
            case "/v3/lease/grant":
                _leases.Add(Number(request["ID"]), []);
                break;
            case "/v3/lease/revoke":
                Revoke(Number(request["ID"]));
                break;
            default:
                throw new InvalidDataException($"No call '{path}'.");
        }
    }

    /// <summary>What scenario 24 calls "put s0..s2, put s0, delete s1".</summary>
    public void PutAndDeleteSomeKeys()
    {
        foreach (int number in (int[])[0, 1, 2])
            _store.Put($"s{number}", $"v{number}");
        _store.Put("s0", "again");
        _store.Delete("s1");
    }

    /// <summary>Scenarios that wait do so for all leases to end.</summary>
    public void ExpireLeases()
    {
        foreach (long lease in _leases.Keys.ToList())
            Revoke(lease);
    }

    private void Revoke(long lease)
    {
        _leases.Remove(lease, out HashSet<string>? keys);
        _store.Write(() =>
        {
            foreach (string key in keys!.Order(StringComparer.Ordinal))
                _store.DeleteInside(key);
        });
    }

    private void Do(JsonArray operations)
    {
        foreach (JsonNode? operation in operations)
        {
            if (operation!["request_put"] is { } put)
                Put(put);
            else
                Delete(operation["request_delete_range"]!);
        }
    }

    private void Put(JsonNode request)
    {
        long lease = Number(request["lease"]);
        string key = Text(request["key"]);
        foreach (HashSet<string> keys in _leases.Values)
            keys.Remove(key);
        if (lease != 0)
            _leases[lease].Add(key);
        _store.PutInside(key, Text(request["value"]), lease);
    }

    private void Delete(JsonNode request) => _store.DeleteInside(Text(request["key"]), Text(request["range_end"]));

    private static string Text(JsonNode? base64) =>
        base64 is null ? "" : MemoryStore.Text(Convert.FromBase64String(base64.GetValue<string>()));

    private static long Number(JsonNode? text) =>
        text is null ? 0 : long.Parse(text.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
}
