using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kv.Operator.Tests.Sandbox;
using Kv.Testing;

namespace Kv.Operator.Tests.Commands;

/// <summary>The sandbox as its users run it: a program with a folder.</summary>
internal sealed class SandboxProgram : IDisposable
{
    /// <summary>A cluster that is there soon.</summary>
    public const string OneMember =
        """
        apiVersion: kvoperator.io/v1
        kind: KvCluster
        metadata: { name: solo }
        spec: { replicas: 1, storage: { size: 100Mi } }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly TempDirectory _work = new();

    /// <summary>The folder of the sandbox.</summary>
    public string Folder => _work["sandbox"];

    public string Kubeconfig => Path.Combine(Folder, "kubeconfig");

    public Kubectl Kubectl => new(Kubeconfig, _work["cache"]);

    private static string Program => Path.Combine(AppContext.BaseDirectory, "kv-sandbox");

    /// <summary>A file with this in it.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(_work[name], text);
        return _work[name];
    }

    public string PathOf(string name) => _work[name];

    /// <summary>Runs it with these words and the folder.</summary>
    public async Task<(int Code, string Output)> RunAsync(params string[] words)
    {
        using Process process = Start(words);
        Task<string> output = ReadAsync(process);
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"kv-sandbox {string.Join(' ', words)} does not end:\n{await output}");
        }

        return (process.ExitCode, await output);
    }

    /// <summary>Starts it, and leaves it to the caller to end it. It hears Ctrl-C even if the tests were started in the
    /// background, where shells let all processes ignore it.</summary>
    public Process Start(params string[] words) => Process.Start(
        new ProcessStartInfo("env", ["--default-signal=INT", Program, .. words, "--directory", Folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _work.Path,
        })!;

    /// <summary>All that a process prints, until it ends.</summary>
    public static async Task<string> ReadAsync(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        return await process.StandardOutput.ReadToEndAsync() + await error;
    }

    /// <summary>Reads what a process prints up to a line.</summary>
    public static async Task<string> ReadUntilAsync(Process process, string wanted)
    {
        var seen = new StringBuilder();
        using var limit = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            seen.AppendLine(line);
            if (line.Contains(wanted, StringComparison.Ordinal))
                return seen.ToString();
        }

        Assert.Fail($"It ended without '{wanted}':\n{seen}");
        return "";
    }

    /// <summary>All processes of the sandbox: those that its folder is said to.</summary>
    public IReadOnlyList<int> Processes() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _) && IsOfFolder(name!))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Waits until no process of it is left.</summary>
    public async Task UntilNoProcessAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + Patience;
        while (Processes() is { Count: > 0 } left)
        {
            Assert.True(DateTime.UtcNow < end, $"Left: {string.Join(", ", left.Select(Describe))}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Addresses on which a process of the sandbox listens, as the system lists them.</summary>
    public static IReadOnlyList<string> Listening(string network) =>
    [
        .. File.ReadLines("/proc/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words[3] == "0A" && IsIn(words[1], network))
            .Select(words => words[1]),
    ];

    /// <summary>The network of the sandbox, as 127.21: the first two numbers of its API server.</summary>
    public string Network()
    {
        string text = File.ReadAllText(Kubeconfig);
        int at = text.IndexOf("https://", StringComparison.Ordinal) + "https://".Length;
        return string.Join('.', text[at..].Split('.')[..2]);
    }

    public void Dispose()
    {
        foreach (int left in Processes())
        {
            using var process = Process.GetProcessById(left);
            process.Kill();
        }

        _work.Dispose();
    }

    // 0100157F:0949 is 127.21.0.1:2377, the address backwards.
    private static bool IsIn(string address, string network)
    {
        string[] numbers = network.Split('.');
        byte second = byte.Parse(numbers[1], CultureInfo.InvariantCulture);
        return address.AsSpan(4, 4).SequenceEqual($"{second:X2}7F");
    }

    private static string Describe(int process)
    {
        try
        {
            return $"{process} {File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ')}";
        }
        catch (IOException)
        {
            return $"{process}";
        }
    }

    private bool IsOfFolder(string process)
    {
        try
        {
            string[] variables = File.ReadAllText($"/proc/{process}/environ").Split('\0');
            string[] words = File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
            return variables.Contains($"KV_SANDBOX={Folder}")
                || words.Any(word => word.StartsWith(Folder, StringComparison.Ordinal));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is not ours
        }
    }
}
