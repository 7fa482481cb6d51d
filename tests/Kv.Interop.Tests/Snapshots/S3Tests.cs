using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;
using Microsoft.AspNetCore.Http;

namespace Kv.Interop.Tests.Snapshots;

/// <summary><c>snapshot take</c>, <c>restore --from</c> and <c>delete</c>, as pods of the operator run them, at a store
/// that speaks S3 and does not always answer.</summary>
public sealed class S3Tests(ITestOutputHelper output)
{
    private const string Key = "prod/space/demo/nightly.db";
    private const string Url = $"s3://{S3Server.Bucket}/{Key}";
    private const int FaultPercent = 15;

    // The Job of the operator makes as many pods.
    private const int AttemptsMax = 4;

    // Some more than two parts of an upload.
    private const int Values = 20;
    private const int ValueBytes = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [Seeds(1)]
    public async Task A_snapshot_is_kept_read_and_deleted_at_a_store_that_fails_by_chance(int seed)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartNodeAsync(folder);
        await using S3Server server = await S3Server.StartAsync();
        await using S3FaultProxy proxy = await S3FaultProxy.StartAsync(server, seed);
        proxy.FaultPercent = FaultPercent;
        try
        {
            JsonElement taken = Json(await TryAsync(() => TakeAsync(proxy.Url, folder, node)));
            Assert.Equal(taken.GetProperty("size").GetInt64(), await server.SizeOfAsync(Key));
            Assert.True(taken.GetProperty("size").GetInt64() > Values * ValueBytes);

            JsonElement again = Json(await TryAsync(() => TakeAsync(proxy.Url, folder, node)));
            Assert.Equal(taken.GetProperty("sha256").GetString(), again.GetProperty("sha256").GetString());
            ProgramRun other = await TakeAsync(proxy.Url, folder, node, owner: "somebody-else");
            Assert.False(other.Succeeded, other.ToString());

            string hash = taken.GetProperty("sha256").GetString()!;
            await TryAsync(() => RestoreAsync(proxy.Url, folder, hash));
            (await NodeProgram.Ours.RunAsync("check", "--data-dir", folder["restored"])).MustSucceed();

            ProgramRun foreign = await DeleteAsync(proxy.Url, owner: "somebody-else");
            Assert.False(foreign.Succeeded, foreign.ToString());
            Assert.NotNull(await server.SizeOfAsync(Key));
            await TryAsync(() => DeleteAsync(proxy.Url));
            Assert.Null(await server.SizeOfAsync(Key));
        }
        finally
        {
            output.WriteLine(string.Join('\n', proxy.Story));
        }
    }

    [Theory]
    [Seeds(1)]
    public async Task What_another_has_put_there_is_never_overwritten_nor_deleted(int seed)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartNodeAsync(folder, values: 1);
        await using S3Server server = await S3Server.StartAsync();
        await using S3FaultProxy proxy = await S3FaultProxy.StartAsync(server, seed);
        await server.PutAsync(Key, "Dear reader,");
        proxy.FaultPercent = FaultPercent;

        ProgramRun taken = await TakeAsync(proxy.Url, folder, node);
        ProgramRun deleted = await DeleteAsync(proxy.Url);

        Assert.False(taken.Succeeded, taken.ToString());
        Assert.False(deleted.Succeeded, deleted.ToString());
        Assert.Equal("Dear reader,", await server.ReadAsync(Key));
    }

    /// <summary>At the second part of the upload, and again at its completion, the moment before the store hears of
    /// it.</summary>
    [Theory]
    [InlineData("partNumber=2")]
    [InlineData("uploadId=")]
    public async Task A_process_that_is_killed_half_way_leaves_no_object_and_the_next_attempt_succeeds(string at)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartNodeAsync(folder);
        await using S3Server server = await S3Server.StartAsync();
        await using S3FaultProxy proxy = await S3FaultProxy.StartAsync(server, seed: 1);
        using var isDead = new CancellationTokenSource();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string verb = at == "uploadId=" ? "POST" : "PUT";
        proxy.OnRequest = request => Hold(request);

        using Process process = Start(TakeArguments(proxy.Url, folder, node, "mine"));
        var said = new ProcessOutput(process);
        Task first = await Task.WhenAny(reached.Task, process.WaitForExitAsync()).WaitAsync(Patience);
        Assert.True(first == reached.Task, said.Text);
        process.Kill();
        await process.WaitForExitAsync();
        proxy.OnRequest = _ => Task.CompletedTask;
        await isDead.CancelAsync();

        Assert.Null(await server.SizeOfAsync(Key));
        JsonElement taken = Json((await TakeAsync(proxy.Url, folder, node)).MustSucceed());
        Assert.Equal(taken.GetProperty("size").GetInt64(), await server.SizeOfAsync(Key));
        (await RestoreAsync(proxy.Url, folder, taken.GetProperty("sha256").GetString()!)).MustSucceed();

        async Task Hold(HttpRequest request)
        {
            bool isIt = request.Method == verb && request.QueryString.Value!.Contains(at, StringComparison.Ordinal);
            if (!isIt)
                return;
            reached.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(isDead.Token); // and so it never arrives
        }
    }

    [Fact]
    public async Task Credentials_that_are_wrong_and_a_bucket_that_is_missing_are_told()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartNodeAsync(folder, values: 1);
        await using S3Server server = await S3Server.StartAsync();
        string url = $"http://{server.Address}";

        ProgramRun unknown = await RunAsync(TakeArguments(url, folder, node, "mine"), id: "somebody");
        ProgramRun missing = await RunAsync(
            TakeArguments(url, folder, node, "mine", to: "s3://nowhere/nightly.db"));
        ProgramRun lost = await RestoreAsync(url, folder, new string('0', 64));
        ProgramRun anonymous = await RunAsync(TakeArguments(url, folder, node, "mine"), id: "");

        foreach (ProgramRun run in (ProgramRun[])[unknown, missing, lost, anonymous])
            output.WriteLine(run.ToString());
        Assert.StartsWith($"Error: could not look for {Url}: ", unknown.Errors, StringComparison.Ordinal);
        Assert.StartsWith("Error: could not ", missing.Errors, StringComparison.Ordinal);
        Assert.Contains("s3://nowhere/nightly.db", missing.Errors, StringComparison.Ordinal);
        Assert.Contains($"{Url}: no such object", lost.Errors, StringComparison.Ordinal);
        Assert.Contains("AWS_ACCESS_KEY_ID", anonymous.Errors, StringComparison.Ordinal);
        Assert.All([unknown, missing, lost, anonymous], run => Assert.Equal(1, run.ExitCode));
    }

    /// <summary>The ETag is the store's own affair, and not of all stores an MD5.</summary>
    [Fact]
    public async Task A_store_whose_etags_are_no_hashes_is_as_good_as_another()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await StartNodeAsync(folder, values: 1);
        await using S3Server server = await S3Server.StartAsync();
        await using S3FaultProxy proxy = await S3FaultProxy.StartAsync(server, seed: 1);
        JsonElement taken = Json((await TakeAsync(proxy.Url, folder, node)).MustSucceed());
        proxy.Etag = "\"version no. 7\"";
        proxy.OnRequest = request =>
        {
            request.Headers.Remove("If-Match"); // the store does not know what it is called here
            return Task.CompletedTask;
        };

        (await RestoreAsync(proxy.Url, folder, taken.GetProperty("sha256").GetString()!)).MustSucceed();

        (await NodeProgram.Ours.RunAsync("check", "--data-dir", folder["restored"])).MustSucceed();
    }

    private static async Task<NodeProcess> StartNodeAsync(TempDirectory folder, int values = Values)
    {
        NodeProcess node = await NodeProcess.StartAsync(NodeProgram.Ours, new NodeSettings(folder["node"]));
        using var client = new ApiClient(node.Url);
        for (int number = 0; number < values; number++)
        {
            await client.CallAsync<PutResponse>("KV/Put", new PutRequest
            {
                Key = ByteString.CopyFromUtf8($"k{number}"),
                Value = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(ValueBytes)),
            });
        }

        return node;
    }

    private static JsonElement Json(ProgramRun run) => JsonDocument.Parse(run.Output).RootElement;

    /// <summary>Again and again, as a Job does.</summary>
    private static async Task<ProgramRun> TryAsync(Func<Task<ProgramRun>> run)
    {
        for (int attempt = 1; ; attempt++)
        {
            ProgramRun done = await run();
            if (done.Succeeded || attempt == AttemptsMax)
                return done.MustSucceed();
        }
    }

    private static Task<ProgramRun> TakeAsync(
        string url, TempDirectory folder, NodeProcess node, string owner = "mine") =>
        RunAsync(TakeArguments(url, folder, node, owner));

    private static string[] TakeArguments(
        string url, TempDirectory folder, NodeProcess node, string owner, string to = Url) =>
    [
        "snapshot", "take", $"--endpoints={node.Url}", $"--to={to}", $"--owner={owner}", $"--scratch={folder.Path}",
        $"--s3-endpoint={url}",
    ];

    private static Task<ProgramRun> RestoreAsync(string url, TempDirectory folder, string sha256) => RunAsync(
    [
        "snapshot", "restore", $"--from={Url}", $"--data-dir={folder["restored"]}", $"--sha256={sha256}",
        $"--s3-endpoint={url}",
    ]);

    private static Task<ProgramRun> DeleteAsync(string url, string owner = "mine") =>
        RunAsync(["snapshot", "delete", $"--at={Url}", $"--owner={owner}", $"--s3-endpoint={url}"]);

    private static Task<ProgramRun> RunAsync(string[] arguments, string id = S3Server.Id) =>
        ProgramRun.StartAsync(NodeProgram.Ours.File, arguments, environment: Environment(id));

    private static Dictionary<string, string> Environment(string id) => new()
    {
        ["AWS_ACCESS_KEY_ID"] = id,
        ["AWS_SECRET_ACCESS_KEY"] = S3Server.Secret,
    };

    private static Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo(NodeProgram.Ours.File, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in Environment(S3Server.Id))
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
