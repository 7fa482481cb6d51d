using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;
using Spectre.Console;

namespace Kv.Sandbox.Commands;

/// <summary><c>up</c>: makes a sandbox, with the operator and the clusters of a manifest in it.</summary>
internal sealed class UpCommand(IAnsiConsole console, SandboxFolder folder)
{
    private const string ReadyFile = "ready";
    private const string MarkVariable = "KV_SANDBOX";

    private static readonly string Home = AppContext.BaseDirectory;

    /// <summary>Which clusters to make; the demo if there is none.</summary>
    public string? Manifest { get; init; }

    public required string OperatorProgram { get; init; }

    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Whether this is the process in the background of another one's <c>up</c>.</summary>
    public bool IsBackground { get; init; }

    /// <summary>Runs until it is interrupted.</summary>
    public async Task<int> RunAsync()
    {
        if (folder.Owner is { } owner && !IsBackground && !IsMarked)
            return RefuseSecond(owner);

        // The process has to bear the mark from its start: that is how 'down' finds it.
        if (!IsMarked)
            return await RunMarkedAsync();
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        try
        {
            if (!IsBackground)
                await folder.BeginAsync();
            return await RunSandboxAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception fault) when (IsTold(fault))
        {
            return Refuse(fault.Message);
        }
        finally
        {
            if (!IsBackground)
                folder.Remove();
        }
    }

    /// <summary>Starts it in the background, and returns once the clusters are ready.</summary>
    public async Task<int> DetachAsync(IReadOnlyList<string> arguments)
    {
        if (folder.Owner is { } owner)
            return RefuseSecond(owner);
        try
        {
            await folder.BeginAsync();
        }
        catch (Exception fault) when (IsTold(fault))
        {
            return Refuse(fault.Message);
        }

        string command = string.Join(' ', arguments.Append("--background").Select(Quote));
        using Process child = Start(
            ["setsid", "/bin/sh", "-c",
                $"exec {Quote(Program)} {command} > {Quote(folder.Output)} 2>&1 < /dev/null"]);
        folder.Own(child.Id);
        string ready = Path.Combine(folder.Path, ReadyFile);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        long shown = 0;
        while (!File.Exists(ready) && !child.HasExited)
        {
            shown = await ShowNewAsync(shown);
            await timer.WaitForNextTickAsync();
        }

        await ShowNewAsync(shown);
        if (File.Exists(ready))
            return 0;
        await folder.EndAsync();
        return 1;
    }

    /// <summary>This program; compiled ahead of time, if that has been done. It may have been started by
    /// <c>dotnet</c>, so the process does not say where it is.</summary>
    private static string Program => Path.Combine(Home, "ahead", "kv-sandbox") is var ahead && File.Exists(ahead)
        ? ahead
        : Path.Combine(Home, "kv-sandbox");

    private bool IsMarked => Environment.GetEnvironmentVariable(MarkVariable) == folder.Path;

    /// <summary>Faults whose message is all that there is to say.</summary>
    private static bool IsTold(Exception fault) => fault is ApiFaultException or IOException or JsonException
        or TimeoutException or UnauthorizedAccessException or HttpRequestException or Win32Exception;

    private int RefuseSecond(int owner) =>
        Refuse($"A sandbox runs in {folder.Path} already (process {owner}); end it with 'down'.");

    private int Refuse(string why)
    {
        console.MarkupLineInterpolated($"[red]{why}[/]");
        return 1;
    }

    private async Task<long> ShowNewAsync(long shown)
    {
        if (!File.Exists(folder.Output))
            return shown;
        await using var file = new FileStream(folder.Output, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = shown;
        using var reader = new StreamReader(file);
        console.Write(new Text(await reader.ReadToEndAsync()));
        return file.Position;
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        stop.Cancel();
    }

    private async Task<int> RunMarkedAsync()
    {
        using Process child = Start([Program, .. Environment.GetCommandLineArgs().Skip(1)]);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Forward);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Forward);
        await child.WaitForExitAsync();
        return child.ExitCode;

        // A terminal tells both; whoever tells only one of them means the sandbox, too.
        void Forward(PosixSignalContext signal)
        {
            signal.Cancel = true;
            SystemCalls.Send(child.Id, SystemCalls.Term);
        }
    }

    private Process Start(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1));
        start.Environment[MarkVariable] = folder.Path;
        QuickStart.AddTo(start.Environment);
        return Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} could not be started.");
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private async Task<int> RunSandboxAsync(CancellationToken stop)
    {
        // What is wrong with the manifest is better said before anything is started for it.
        string manifest = await ReadManifestAsync(stop);
        await RequireNamespacesAsync(stop);
        var begun = Stopwatch.StartNew();
        console.MarkupLine("[bold]A sandbox, for trying out and for tests; not for production.[/]");
        console.MarkupLine("Its pods are processes of this machine, without isolation.");
        await using SandboxCluster cluster = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = folder.Path,
                Images = new ImageTable().Add("kv-node", StoreNode.Program).Add("kv-operator", OperatorProgram)
                    .Add("busybox", ""),
                Log = line => console.WriteLine(line),
            },
            stop);
        console.MarkupLineInterpolated(
            $"API server at {cluster.Url}, 5 nodes in 3 zones ({begun.Elapsed.TotalSeconds:0.0}s)");
        var applier = new Applier(cluster.Client, "kv-sandbox");
        foreach (string definition in Directory.EnumerateFiles(Path.Combine(Home, "crds"), "*.yaml").Order())
            await applier.ApplyAsync(await File.ReadAllTextAsync(definition, stop), stop);
        await applier.ApplyAsync(await File.ReadAllTextAsync(Path.Combine(Home, "Manifests", "operator.yaml"), stop),
            stop);
        IReadOnlyList<JsonObject> applied = await applier.ApplyAsync(manifest, stop);
        var progress = new Progress(console, cluster, begun);
        await progress.UntilReadyAsync(applied, Patience, stop);
        console.MarkupLineInterpolated($"ready after {begun.Elapsed.TotalSeconds:0.0}s");
        await progress.ShowAsync(applied, folder, stop);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, ReadyFile), "", stop);
        if (!IsBackground)
            console.MarkupLine("Ctrl-C ends it and leaves nothing behind.");
        await Pause.UntilAsync(stop);
        return 0;
    }

    private async Task<string> ReadManifestAsync(CancellationToken stop)
    {
        string path = Manifest ?? Path.Combine(Home, "Manifests", "demo.yaml");
        string text = await File.ReadAllTextAsync(path, stop);
        try
        {
            foreach (JsonObject value in YamlReader.Read(text))
            {
                if (value.Text("kind") is null || value.Text("apiVersion") is null
                    || value.Text("metadata", "name") is null)
                {
                    throw new JsonException("each document needs apiVersion, kind and metadata.name");
                }
            }
        }
        catch (JsonException fault)
        {
            throw new JsonException($"{path} is no manifest: {fault.Message}", fault);
        }

        return text;
    }

    /// <summary>Pods get their view of the machine by namespaces of their own; some machines do not let users make
    /// any.</summary>
    private static async Task RequireNamespacesAsync(CancellationToken stop)
    {
        var start = new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--mount", "true"])
        {
            RedirectStandardError = true,
        };
        using Process trial = Process.Start(start)!;
        string said = await trial.StandardError.ReadToEndAsync(stop);
        await trial.WaitForExitAsync(stop);
        if (trial.ExitCode != 0)
            throw new IOException($"The sandbox needs user namespaces, and this machine gives none: {said.Trim()}");
    }
}
