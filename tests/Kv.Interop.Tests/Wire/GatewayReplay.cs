using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Sends the recorded requests as they were sent when they were recorded: to the JSON gateway and the other
/// pages of one fresh member, one after another. Compares status, content type and body.</summary>
public sealed class GatewayReplay(
    NodeProgram program, NodeSettings settings, GatewayRules rules, Placeholders names) : IDisposable
{
    private const string JsonType = "application/json";

    // From here on the history holds a key with a lease that the server named.
    private const int HashVariesFrom = 613;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(60);

    private readonly ReplayReport _report = new();
    private readonly HttpClient _client = new() { Timeout = AnswerMax };

    public async Task<ReplayReport> RunAsync(IReadOnlyList<WireLine> lines)
    {
        await ReplayRun.RunAsync(program, settings, lines, _report, TakeAsync, SendAsync);
        return _report;
    }

    public void Dispose() => _client.Dispose();

    private async Task TakeAsync(NodeProcess node, WireLine line)
    {
        if (rules.Exclusion(line) is { } reason)
        {
            _report.Exclude(reason);
            return;
        }

        bool isOfGateway = line.Path.StartsWith("/v3", StringComparison.Ordinal);
        string? difference = isOfGateway
            ? await CompareAsync(node, line)
            : await HttpReplay.CompareAsync(node.Url, line);
        _report.Compare(difference is null ? null : $"{line}\n{difference}");
        if (line is { Path: "/v3/kv/compaction", Error: null })
        {
            using var grpc = new RawGrpc(node.Url);
            string revision = (string)line.Request!["revision"]!;
            await RunningCompaction.AwaitEndAsync(grpc, long.Parse(revision, CultureInfo.InvariantCulture));
        }
    }

    private async Task<string?> CompareAsync(NodeProcess node, WireLine line)
    {
        using HttpRequestMessage request = Request(node, line);
        using HttpResponseMessage response =
            await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        int wanted = line.Response is JsonArray list ? list.Count : 1;
        string body = await ReadAsync(response, line.Fields.ContainsKey("window_ms") ? wanted : int.MaxValue);
        if ((int)response.StatusCode != line.Status)
            return $"  recorded {line.Status}, found {(int)response.StatusCode} {body}";

        string? type = response.Content.Headers.ContentType?.ToString();
        string? expectedType = line.ContentType ?? (line.Response is JsonObject ? JsonType : null);
        if (expectedType is not null && expectedType != type)
            return $"  recorded {expectedType}, found {type}";
        if (line.Response is JsonValue omitted && (string?)omitted == "(omitted)")
            return CompareSnapshot(body);
        if (line.Response is JsonValue text)
            return (string?)text == body ? null : $"  recorded {text}, found {body}";
        return CompareJson(line, Values(body));
    }

    private string? CompareJson(WireLine line, List<JsonNode?> found)
    {
        List<JsonNode?> recorded = line.Response is JsonArray list ? [.. list] : [line.Response];
        if (recorded.Count != found.Count)
            return $"  recorded {recorded.Count} values, found {found.Count}";
        foreach ((string name, string place) in line.Captures)
            names.Capture(name, ReplayRun.Pick(recorded[0]!, place), ReplayRun.Pick(found[0]!, place));
        foreach ((JsonNode? old, JsonNode? now) in recorded.Zip(found))
        {
            JsonNode? wanted = rules.Expected(line, names.Expected(old));
            JsonNode? given = rules.Found(line, now);
            VaryingJson.SettleTtl(wanted, given);
            wanted = VaryingJson.Settled(wanted, line.Path, line.Number >= HashVariesFrom);
            given = VaryingJson.Settled(given, line.Path, line.Number >= HashVariesFrom);
            if (!JsonNode.DeepEquals(wanted, given))
                return $"  recorded {wanted?.ToJsonString()}\n  found    {given?.ToJsonString()}";
        }

        return null;
    }

    private static string? CompareSnapshot(string body) => SnapshotAnswer.Check([.. Values(body)
        .Select(value => JsonParser.Default.Parse<SnapshotResponse>(value!["result"]!.ToJsonString()))]);

    private HttpRequestMessage Request(NodeProcess node, WireLine line)
    {
        var request = new HttpRequestMessage(new HttpMethod(line.Method), new Uri(node.Url, line.Path));
        if (line.Method == "POST")
        {
            string body = line.Raw ?? names.Expand(line.Request)?.ToJsonString() ?? "{}";
            request.Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
        }

        if (line.Token is { } token)
            request.Headers.TryAddWithoutValidation("Authorization", names.Token(token));
        foreach ((string name, JsonNode? value) in line.Fields["headers"] as JsonObject ?? [])
        {
            string text = (string)names.Expand(value)!;
            if (!request.Headers.TryAddWithoutValidation(name, text))
                request.Content!.Headers.TryAddWithoutValidation(name, text);
        }

        return request;
    }

    // A call that goes on has said all that was recorded once it has given so many lines.
    private static async Task<string> ReadAsync(HttpResponseMessage response, int lines)
    {
        using var deadline = new CancellationTokenSource(AnswerMax);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(deadline.Token), Encoding.UTF8);
        if (lines == int.MaxValue || response.StatusCode != System.Net.HttpStatusCode.OK)
            return await reader.ReadToEndAsync(deadline.Token);
        bool isSnapshot = response.RequestMessage!.RequestUri!.AbsolutePath.EndsWith("snapshot", default);
        if (isSnapshot)
            return await reader.ReadToEndAsync(deadline.Token);
        var text = new StringBuilder();
        for (int count = 0; count < lines; count++)
            text.Append(await reader.ReadLineAsync(deadline.Token)).Append('\n');
        return text.ToString();
    }

    private static List<JsonNode?> Values(string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        var values = new List<JsonNode?>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
            values.Add(JsonNode.Parse(ref reader));
        return values;
    }

    private async Task SendAsync(NodeProcess node, WireLine line)
    {
        using HttpRequestMessage request = Request(node, line);
        using HttpResponseMessage response = await _client.SendAsync(request);
    }
}
