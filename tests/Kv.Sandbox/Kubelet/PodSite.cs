using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Where the containers of one pod live: its directories, its address, its view of the machine.</summary>
internal sealed class PodSite(KubeletOptions options, JsonObject pod, string address, PodVolumes volumes)
{
    private const string ProgramFolder = "/.image";

    private int _runs;

    /// <summary>Called when something about a container has changed.</summary>
    public required Action OnChange { get; init; }

    /// <summary>Writes an event about the pod: type, reason, message.</summary>
    public required Action<string, string, string> Tell { get; init; }

    public JsonObject Pod => pod;

    public string PodName { get; } = pod.Text("metadata", "name") ?? "";

    public string Address => address;

    public TimeSpan Grace => TimeSpan.FromSeconds(pod.Number("spec", "terminationGracePeriodSeconds") ?? 30);

    private string Root { get; } = DirectoryOf(options, pod);

    /// <summary>What belongs to a pod on disk, but for its claims.</summary>
    public static string DirectoryOf(KubeletOptions options, JsonObject pod) =>
        Path.Combine(options.Directory, "pods", pod.Text("metadata", "uid") ?? "");

    public string LogPathOf(string container, int run) => Path.Combine(Root, "logs", $"{container}.{run}.log");

    /// <summary>All words that start a container.</summary>
    public IReadOnlyList<string> CommandOf(
        JsonObject container, LocalImage image, IReadOnlyDictionary<string, string> variables)
    {
        string[] command = [.. container.Texts("command").Select(word => PodFields.Expand(word, variables))];
        string[] arguments = [.. container.Texts("args").Select(word => PodFields.Expand(word, variables))];
        if (HasMessage(container))
            File.WriteAllText(MessageFileOf(container), "");
        return Wrap(container, image.CommandOf(command, arguments), variables);
    }

    /// <summary>What a container has left in its termination message before it ended; empty if nothing.</summary>
    public string ReadMessage(JsonObject container) =>
        HasMessage(container) && File.Exists(MessageFileOf(container))
            ? File.ReadAllText(MessageFileOf(container))
            : "";

    /// <summary>Runs a command beside a container, in the same view; its exit code. It is ended if it is given
    /// up.</summary>
    public async Task<int> RunAsync(
        JsonObject container,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> variables,
        CancellationToken cancelled)
    {
        LocalImage? image = options.Images.Find(container.Text("image") ?? "");
        if (image is null || command.Count == 0)
            return 127;
        using var log = new ContainerLog(Path.Combine(Root, "logs", $"{container.Text("name")}.exec.log"));
        IReadOnlyList<string> words = Wrap(container, image.CommandOf(command, []), variables);
        using var process = ContainerProcess.Start(words, variables, log);
        return await process.Ended.WaitAsync(cancelled);
    }

    public void Remove()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    /// <summary>Whether a container gets a file for its termination message. Only where its arguments speak of it: the
    /// folder that it is in, /dev as a rule, has to be remade for it.</summary>
    private static bool HasMessage(JsonObject container) =>
        container.Text("terminationMessagePath") is { } path
        && container.Texts("args").Any(each => each.Contains(path, StringComparison.Ordinal));

    private string MessageFileOf(JsonObject container) => Path.Combine(Root, $"{container.Text("name")}.message");

    private IReadOnlyList<string> Wrap(
        JsonObject container, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables)
    {
        string scratch = Path.Combine(Root, "scratch", $"{Interlocked.Increment(ref _runs)}");
        Directory.CreateDirectory(scratch);
        List<(string Source, string Target)> mounts = [];
        foreach (JsonObject mount in container.Items("volumeMounts"))
        {
            string source = volumes.PathOf(mount.Text("name") ?? "");
            string part = PodFields.Expand(mount.Text("subPathExpr") ?? mount.Text("subPath") ?? "", variables);
            if (part.Length > 0)
            {
                source = Path.Combine(source, part);
                if (!Path.Exists(source))
                    Directory.CreateDirectory(source);
            }

            mounts.Add((source, mount.Text("mountPath") ?? ""));
        }

        if (HasMessage(container))
            mounts.Add((MessageFileOf(container), container.Text("terminationMessagePath") ?? ""));

        // A volume may be mounted over the program, as at /tmp where this was built below it.
        if (Path.GetDirectoryName(command[0]) is { Length: > 1 } home &&
            mounts.Exists(mount => $"{home}/".StartsWith($"{mount.Target.TrimEnd('/')}/", StringComparison.Ordinal)))
        {
            mounts.Add((home, ProgramFolder));
            command = [Path.Combine(ProgramFolder, Path.GetFileName(command[0])), .. command.Skip(1)];
        }

        return LaunchScript.Wrap(
            Path.Combine(options.Directory, LaunchScript.FileName),
            scratch,
            Path.Combine(options.Directory, HostsFile.FileName),
            container.Text("workingDir") is { Length: > 0 } directory ? directory : "/.work",
            mounts,
            command);
    }
}
