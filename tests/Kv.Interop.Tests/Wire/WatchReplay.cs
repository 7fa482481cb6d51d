using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Interop.Tests.Wire;

/// <summary>Plays recorded watch scenarios on raw streams to one member, and compares what comes after each
/// step.</summary>
public sealed class WatchReplay(Uri node) : IDisposable
{
    private const string WatchMethod = "/etcdserverpb.Watch/Watch";

    // An answer that was recorded is waited for; one that was not, has this long to come after all.
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);

    private readonly RawGrpc _grpc = new(node);
    private readonly Placeholders _names = new(minor: 7);

    public void Dispose() => _grpc.Dispose();

    /// <summary>The calls that make the member what the scenarios of one kind need.</summary>
    public async Task PrepareAsync(WatchScenario scenario)
    {
        foreach ((string path, JsonNode? request) in scenario.Setup)
            await CallAsync(path, request, token: null);
        if (scenario.Server == WatchScenario.AuthServer)
        {
            await LogInAsync("root", "r");
            await LogInAsync("u1", "u");
        }
    }

    public async Task PlayAsync(WatchScenario scenario, ReplayReport report)
    {
        await using RawStream stream = _grpc.Open(WatchMethod, Metadata(scenario));
        foreach (JsonObject step in scenario.Steps)
        {
            await DoAsync(stream, step);
            string? difference = await CompareAsync(stream, step);
            report.Compare(difference is null ? null : $"{scenario} {Short(step)}\n{difference}");
        }
    }

    private async Task DoAsync(RawStream stream, JsonObject step)
    {
        if (step["send"] is JsonNode send)
            await stream.SendAsync(JsonParser.Default.Parse<WatchRequest>(send.ToJsonString()).ToByteArray());
        else if (step["send_raw"] is JsonNode raw)
            await stream.SendAsync(Convert.FromHexString((string)raw!));
        else if (step["call"] is JsonNode path)
            await CallAsync((string)path!, step["request"], (string?)step["token"]);
        else if (step["half_close"] is not null)
            stream.HalfClose();
    }

    private async Task<string?> CompareAsync(RawStream stream, JsonObject step)
    {
        var recorded = step["recv"]!.AsArray().Select(item => (JsonObject)item!).ToList();
        if (recorded.Any(item => item.ContainsKey("stream")))
            return await CompareEndAsync(stream, recorded[0]);

        var wait = TimeSpan.FromMilliseconds((int?)step["wait_ms"] ?? 0);
        List<WatchResponse> found = [];
        while (await stream.NextAsync(Patience(found.Count, recorded.Count, wait)) is { } message)
            found.Add(WatchResponse.Parser.ParseFrom(message));

        string wanted = Text(recorded.Select(Expected));
        string actual = Text(found);
        return wanted == actual ? null : $"  recorded {wanted}\n  found    {actual}";
    }

    private static TimeSpan Patience(int found, int recorded, TimeSpan wait)
    {
        if (found < recorded)
            return AnswerMax + wait;
        return recorded == 0 ? wait + Quiet : Quiet;
    }

    private static async Task<string?> CompareEndAsync(RawStream stream, JsonObject recorded)
    {
        string? wanted = (string?)recorded["value"]!["grpc-status"];
        RawAnswer end = await stream.Ended.WaitAsync(AnswerMax);
        return $"{end.Code}" == wanted ? null : $"  recorded status {wanted}, found {end.Code} {end.Detail}";
    }

    private WatchResponse Expected(JsonObject recorded) =>
        JsonParser.Default.Parse<WatchResponse>(_names.Expected(recorded)!.ToJsonString());

    // What is sent to different watchers comes in any order; to one, in order.
    private static string Text(IEnumerable<WatchResponse> responses)
    {
        var settled = responses.OrderBy(response => response.WatchId).ToList();
        foreach (WatchResponse response in settled)
            response.Header = new ResponseHeader { Revision = response.Header?.Revision ?? -1 };
        return string.Join("\n           ", settled.Select(Abridged));
    }

    private static string Abridged(WatchResponse response)
    {
        const int ValueMax = 64;
        foreach (Mvccpb.Event change in response.Events)
        {
            foreach (Mvccpb.KeyValue? kv in (Mvccpb.KeyValue?[])[change.Kv, change.PrevKv])
            {
                if (kv is not null && kv.Value.Length > ValueMax)
                    kv.Value = ByteString.CopyFromUtf8($"{kv.Value.Length} bytes, first {kv.Value[0]}");
            }
        }

        return response.ToString();
    }

    private Dictionary<string, string> Metadata(WatchScenario scenario) =>
        scenario.Metadata is { } entry ? new() { [entry.Name] = ExpandToken(entry.Value) } : [];

    private async Task LogInAsync(string user, string password)
    {
        var request = new JsonObject { ["name"] = user, ["password"] = password };
        RawAnswer answer = await CallAsync("/v3/auth/authenticate", request, token: null);
        string token = AuthenticateResponse.Parser.ParseFrom(answer.Messages[0]).Token;
        _names.Capture("TOKEN_" + user, "", token);
    }

    private async Task<RawAnswer> CallAsync(string path, JsonNode? request, string? token)
    {
        Dictionary<string, string> metadata = token is null ? [] : new() { ["token"] = ExpandToken(token) };
        RawAnswer answer = await GatewayJson.CallAsync(_grpc, path, _names.Expand(request), metadata);
        Assert.True(answer.Succeeded, $"{path}: {answer.Code} {answer.Detail}");
        return answer;
    }

    private string ExpandToken(string token) => (string)_names.Expand(JsonValue.Create(token))!;

    private static string Short(JsonObject step)
    {
        const int Max = 160;
        IEnumerable<string> fields = step
            .Where(field => field.Key != "recv")
            .Select(field => $"{field.Key} {field.Value?.ToJsonString()}");
        string text = string.Join(' ', fields);
        return text.Length > Max ? text[..Max] : text;
    }
}
