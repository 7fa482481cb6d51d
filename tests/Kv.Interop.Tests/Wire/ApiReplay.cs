using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Sends the recorded requests of the HTTP gateway as gRPC calls, one after the other to one fresh member, and
/// compares the answers with the recorded ones.</summary>
public sealed class ApiReplay(NodeProgram program, NodeSettings settings, ApiRules rules, Placeholders names)
{
    // From here on the history holds a key with a lease that the server named.
    private const int HashVariesFrom = 613;

    // Of a cluster of ours; the recorded one was of 3.7.
    private const string HeldVersion = "3.5";

    // Its answer goes on until the client has enough.
    private const string EndlessPath = "/v3/election/observe";

    private readonly ReplayReport _report = new();
    private readonly JsonParser _requests = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public async Task<ReplayReport> RunAsync(IReadOnlyList<WireLine> lines)
    {
        await ReplayRun.RunAsync(program, settings, lines, _report, TakeAsync, SendAsync);
        return _report;
    }

    private async Task TakeAsync(NodeProcess node, WireLine line)
    {
        using var grpc = new RawGrpc(node.Url);
        if (rules.Exclusion(line) is { } reason)
        {
            _report.Exclude(reason);
            return;
        }

        MethodDescriptor? method = ApiRoutes.Find(line.Path);
        string? difference = method is null
            ? await HttpReplay.CompareAsync(node.Url, line)
            : await CompareAsync(grpc, method, line);
        _report.Compare(difference is null ? null : $"{line}\n{difference}");
        if (line is { Path: "/v3/kv/compaction", Error: null })
        {
            CompactionRequest compaction = Requests(method!, line).OfType<CompactionRequest>().Single();
            await RunningCompaction.AwaitEndAsync(grpc, compaction.Revision);
        }
    }

    private async Task<string?> CompareAsync(RawGrpc grpc, MethodDescriptor method, WireLine line)
    {
        IReadOnlyList<IMessage> requests = Requests(method, line);
        RawAnswer answer = await grpc.CallAsync(
            ApiRoutes.GrpcPath(method),
            requests.Select(request => request.ToByteArray()),
            Metadata(line),
            line.Path == EndlessPath ? Answers(line.Response).Count : int.MaxValue);
        if (line.Error is { } error)
        {
            return answer.Code == error.Code && answer.Detail == error.Message
                ? null
                : $"  recorded {error.Code} {error.Message}\n  found    {answer.Code} {answer.Detail}";
        }

        if (!answer.Succeeded)
            return $"  recorded {line.Response?.ToJsonString()}\n  found    {answer.Code} {answer.Detail}";
        return CompareMessages(method, line, answer);
    }

    private string? CompareMessages(MethodDescriptor method, WireLine line, RawAnswer answer)
    {
        IReadOnlyList<JsonObject> recorded = Answers(line.Response);
        List<IMessage> actual = [.. answer.Messages.Select(bytes => method.OutputType.Parser.ParseFrom(bytes))];
        if (line.Response is JsonValue omitted && (string?)omitted == "(omitted)")
            return SnapshotAnswer.Check(actual);
        if (recorded.Count != actual.Count)
            return $"  recorded {recorded.Count} messages, found {actual.Count}";

        foreach ((string name, string place) in line.Captures)
            names.Capture(name, ReplayRun.Pick(recorded[0], place), ReplayRun.Pick(Json(actual[0]), place));
        for (int index = 0; index < recorded.Count; index++)
        {
            JsonNode wanted = names.Expected(recorded[index])!;
            IMessage expected = JsonParser.Default.Parse(wanted.ToJsonString(), method.OutputType);
            if (rules.StorageVersionHeld && expected is StatusResponse status)
                status.StorageVersion = "";
            if (rules.StorageVersionHeld && expected is DowngradeResponse downgrade)
                downgrade.Version = HeldVersion;
            Varying.Settle(expected, actual[index], line.Number >= HashVariesFrom);
            if (!expected.Equals(actual[index]))
                return $"  recorded {expected}\n  found    {actual[index]}";
        }

        return null;
    }

    // A body may hold several requests of a stream, one after the other.
    private IReadOnlyList<IMessage> Requests(MethodDescriptor method, WireLine line)
    {
        if (line.Raw is { } raw)
        {
            string[] bodies = method.IsClientStreaming ? raw.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [raw];
            return [.. bodies.Select(body => Parse(body, method.InputType))];
        }

        return [Parse(names.Expand(line.Request)?.ToJsonString() ?? "{}", method.InputType)];
    }

    private IMessage Parse(string json, MessageDescriptor type) => _requests.Parse(GatewayJson.Plain(json), type);

    private Dictionary<string, string> Metadata(WireLine line)
    {
        var metadata = new Dictionary<string, string>();
        if (rules.SendsTokens && line.Token is { } token)
            metadata["token"] = names.Token(token);
        if (rules.SendsTokens && line.Fields["headers"] is JsonObject headers)
        {
            foreach ((string name, JsonNode? value) in headers)
                AddHeader(metadata, name, (string)names.Expand(value)!);
        }

        return metadata;
    }

    // The gateway hands on what it knows under another name.
    private static void AddHeader(Dictionary<string, string> metadata, string name, string value)
    {
        const string Prefix = "Grpc-Metadata-";
        if (name.StartsWith(Prefix, StringComparison.Ordinal))
            metadata[name[Prefix.Length..].ToLowerInvariant()] = value;
        else if (name == "Authorization")
            metadata["authorization"] = value;
    }

    private static IReadOnlyList<JsonObject> Answers(JsonNode? response) => response switch
    {
        JsonArray list => [.. list.Select(item => (JsonObject)item!["result"]!)],
        JsonObject one when one["result"] is JsonObject result => [result],
        JsonObject one => [one],
        _ => [],
    };

    private static JsonObject Json(IMessage message) =>
        (JsonObject)JsonNode.Parse(JsonFormatter.Default.Format(message))!;

    private async Task SendAsync(NodeProcess node, WireLine line)
    {
        MethodDescriptor method = ApiRoutes.Find(line.Path)!;
        using var grpc = new RawGrpc(node.Url);
        await grpc.CallAsync(ApiRoutes.GrpcPath(method), Requests(method, line).Select(one => one.ToByteArray()));
    }
}
