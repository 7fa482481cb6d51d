using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>What a real etcd 3.7.1 answered on raw Watch streams, scenario after scenario on one store. Left out are
/// those about time (39 to 41; see the transcript of progress), about gRPC itself (38) and about tokens (43 to
/// 47).</summary>
public sealed class RecordedWatchTests
{
    private static readonly string File = Path.GetFullPath(
        Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../fixtures/wire/watch-3.7.1.jsonl"));

    private readonly JsonParser _parser = new(JsonParser.Settings.Default);

    [Fact]
    public void Answers_as_the_recorded_server_did()
    {
        var world = new RecordedWorld();
        int played = 0;
        foreach (string line in System.IO.File.ReadLines(File))
        {
            JsonObject scenario = JsonNode.Parse(line)!.AsObject();
            if (scenario["server"]!.GetValue<string>() != "default" || Has(scenario, "send_raw"))
                continue;
            Play(world, scenario);
            played++;
        }

        Assert.Equal(37, played);
    }

    /// <summary>The rights are those of the scenario's user: the key "ok", and all that begin with "p/".</summary>
    [Fact]
    public void Refuses_by_the_range_that_would_be_watched()
    {
        var world = new RecordedWorld { Refuse = RefuseAsRecorded };
        JsonObject scenario = System.IO.File.ReadLines(File)
            .Select(line => JsonNode.Parse(line)!.AsObject())
            .Single(found => found["n"]!.GetValue<int>() == 42);
        Play(world, scenario);
    }

    private static string? RefuseAsRecorded(WatchRange range)
    {
        string key = MemoryStore.Text(range.Key);
        bool mayWatch = range.IsSingleKey
            ? key == "ok" || key.StartsWith("p/", StringComparison.Ordinal)
            : string.CompareOrdinal(key, "p/") >= 0 && !range.IsOpenEnded
                && string.CompareOrdinal(MemoryStore.Text(range.RangeEnd), "p0") <= 0;
        return mayWatch ? null : "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    }

    private void Play(RecordedWorld world, JsonObject scenario)
    {
        string name = $"{scenario["n"]} {scenario["name"]}";
        if (scenario["n"]!.GetValue<int>() == 24)
            world.PutAndDeleteSomeKeys();
        world.OpenStream();
        foreach (JsonNode? step in scenario["steps"]!.AsArray())
        {
            if (step!["send"] is { } request)
                world.Send(_parser.Parse<WatchRequest>(Expand(request).ToJsonString()));
            else if (step["call"] is { } path)
                world.Call(path.GetValue<string>(), Expand(step["request"]!));
            else if (step["wait_ms"] is not null)
                world.ExpireLeases();

            List<string> expected = [.. step["recv"]!.AsArray().Select(response => Normalized(Expand(response!)))];
            List<string> actual = [.. world.Receive().Select(Normalized)];
            Assert.True(
                SameForEachWatcher(expected, actual),
                $"{name}, {step.ToJsonString()[..Math.Min(200, step.ToJsonString().Length)]}\nexpected:\n" +
                $"{string.Join('\n', expected)}\nbut was:\n{string.Join('\n', actual)}");
        }

        world.CloseStream();
    }

    private static bool Has(JsonObject scenario, string step) =>
        scenario["steps"]!.AsArray().Any(found => found![step] is not null);

    /// <summary>Responses to different watchers come in any order.</summary>
    private bool SameForEachWatcher(List<string> expected, List<string> actual) =>
        expected.Count == actual.Count
        && expected.GroupBy(WatchIdOf).All(
            ofWatcher => ofWatcher.SequenceEqual(actual.Where(other => WatchIdOf(other) == ofWatcher.Key)));

    private long WatchIdOf(string response) => _parser.Parse<WatchResponse>(response).WatchId;

    private string Normalized(JsonNode response) =>
        Normalized(_parser.Parse<WatchResponse>(response.ToJsonString()));

    private static string Normalized(WatchResponse response)
    {
        response.Header = new ResponseHeader { Revision = response.Header.Revision };
        return JsonFormatter.Default.Format(response);
    }

    /// <summary>Puts <c>{"$b64_repeat": ["a", 3]}</c> out in full.</summary>
    private static JsonNode Expand(JsonNode node)
    {
        if (node is JsonArray array)
            return new JsonArray([.. array.Select(item => Expand(item!))]);
        if (node is not JsonObject fields)
            return node.DeepClone();
        if (fields["$b64_repeat"] is JsonArray repeat)
        {
            string value = new(repeat[0]!.GetValue<string>()[0], repeat[1]!.GetValue<int>());
            return JsonValue.Create(Convert.ToBase64String(MemoryStore.Bytes(value)));
        }

        return new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)Expand(field.Value!))));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
