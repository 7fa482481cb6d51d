using System.Text.Json.Nodes;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Figures;

/// <summary>The same small workload on a real etcd and on ours: what both tell the log has the same fields, since
/// people look for them.</summary>
public sealed class LineTests
{
    private const string Published = "published local member to cluster through raft";
    private const string Versioned = "set initial cluster version";
    private const string Request = "request stats";

    /// <summary>Texts that both must have written.</summary>
    private static readonly string[] Texts =
    [
        "Running: ", "opened backend db", "kvstore restored", "restore consistentIndex", "enabled backend quota",
        Published, Versioned,
        "ready to serve client requests", "serving client traffic insecurely; this is strongly discouraged!",
        "triggering snapshot", "finished scheduled compaction", "starting defragment", "finished defragment",
        "sending database snapshot to client", "successfully sent database snapshot to client", "alarm raised",
        "alarm disarmed", "apply request took too long", Request, "received signal; shutting down",
        "closing etcd server", "closed etcd server",
    ];

    /// <summary>Fields of etcd's that ours do not have, by text, and why.</summary>
    private static readonly (string Text, string Field, string Reason)[] Lacking =
    [
        (Published, "request-path", "is where the member stands in API v2, which is gone"),
        (Published, "local-member-attributes", "repeats the client URLs, which have a field of their own here"),
        (Versioned, "cluster-id", "stands in the line of the start"),
        (Versioned, "local-member-id", "stands in the line of the start"),
        (Request, "request count", "is of no use without the content"),
        (Request, "response count", "is of no use without the content"),
        (Request, "request content", "holds keys, which do not appear in our log"),
    ];

    [Fact]
    public async Task What_both_tell_has_the_same_fields()
    {
        var theirs = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        await AddFieldsAsync(theirs, NodeProgram.Etcd35, "--experimental-warning-apply-duration", "1ns");

        // 3.5 has no flag for slow requests, but tells of all of them in this case.
        await AddFieldsAsync(theirs, NodeProgram.Etcd35, "--log-level", "debug");
        var ours = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        await AddFieldsAsync(
            ours, NodeProgram.Ours, "--warning-apply-duration", "1ns", "--warning-unary-request-duration", "1ns");

        var differences = new List<string>();
        foreach (string text in Texts)
        {
            if (!theirs.TryGetValue(text, out HashSet<string>? fields))
                differences.Add($"etcd does not say: {text}");
            else if (!ours.TryGetValue(text, out HashSet<string>? found))
                differences.Add($"ours does not say: {text}");
            else
                differences.AddRange(Missing(text, fields.Except(found)));
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public async Task Automatic_compaction_is_told_with_the_same_fields()
    {
        HashSet<string> theirs = await CompactionFieldsAsync(NodeProgram.Etcd35);
        HashSet<string> ours = await CompactionFieldsAsync(NodeProgram.Ours);

        Assert.Empty(theirs.Except(ours));
    }

    private static async Task<HashSet<string>> CompactionFieldsAsync(NodeProgram program)
    {
        const string Completed = "completed auto periodic compaction";
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(
            program, new NodeSettings(folder["m1"]) { Extra = ["--auto-compaction-retention", "1s"] });
        using var client = new ApiClient(node.Url);
        for (int change = 0; change < 5; change++)
            await client.CallAsync<PutResponse>("KV/Put", new PutRequest { Key = ByteString.CopyFromUtf8("k") });
        Assert.True(await node.SaysAsync(Completed, within: TimeSpan.FromSeconds(60)), node.Output);
        Assert.Contains("starting auto periodic compaction", node.Output);
        string line = node.Output.Split('\n').First(line => line.Contains(Completed, StringComparison.Ordinal));
        return [.. ((JsonObject)JsonNode.Parse(line)!).Select(field => field.Key)];
    }

    private static IEnumerable<string> Missing(string text, IEnumerable<string> fields) =>
        fields.Where(field => !Lacking.Any(each => each.Text == text && each.Field == field))
            .Select(field => $"ours does not say, of '{text}': {field}");

    private static async Task AddFieldsAsync(
        Dictionary<string, HashSet<string>> fields, NodeProgram program, params string[] more)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"])
        {
            Extra =
            [
                "--bcrypt-cost", "4", "--snapshot-count", "25", "--quota-backend-bytes", "1000000000", .. more,
            ],
        });
        using (var workload = new FigureWorkload(node))
            await workload.RunAsync();
        await node.StopAsync();

        foreach (string line in node.Output.Split('\n').Where(line => line.StartsWith('{')))
        {
            var said = (JsonObject)JsonNode.Parse(line)!;
            string text = (string)said["msg"]!;
            if (!fields.TryGetValue(text, out HashSet<string>? known))
                fields[text] = known = [];
            known.UnionWith(said.Select(field => field.Key));
        }
    }
}
