using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kv.Sandbox.Kubelet;

namespace Kv.Sandbox.ApiServer.Storage;

/// <summary>The node that stores the objects: a process of our own kv-node, alone in its cluster, on an address of
/// this machine only.</summary>
internal sealed class StoreNode : IAsyncDisposable
{
    private const string ReadyLine = "ready to serve client requests";

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StoreNode(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    public int ProcessId => _process.Id;

    /// <summary>Where the program is: beside this one, unless <c>KV_NODE</c> names another build, such
    /// as one that was compiled ahead of time.</summary>
    public static string Program => Environment.GetEnvironmentVariable("KV_NODE") is { Length: > 0 } other
        ? Path.GetFullPath(other)
        : Path.Combine(AppContext.BaseDirectory, "kv-node");

    /// <summary>Starts it with its data in a directory, and returns once it serves.</summary>
    public static async Task<StoreNode> StartAsync(string directory, IPAddress address, CancellationToken cancelled)
    {
        string client = $"http://{address}:{FreePort(address)}";
        string peer = $"http://{address}:{FreePort(address)}";
        // In a session of its own, so that Ctrl-C does not end it before those who still need it.
        var start = new ProcessStartInfo("setsid",
        [
            Program, "--name", "sandbox", "--data-dir", directory, "--log-level", "info",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", $"sandbox={peer}",
            "--auto-compaction-mode", "periodic", "--auto-compaction-retention", "1h",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        QuickStart.AddTo(start.Environment);
        Process process = Process.Start(start)
            ?? throw new InvalidOperationException($"{Program} could not be started.");
        var node = new StoreNode(process, new Uri(client));
        node.Read();
        try
        {
            await node._ready.Task.WaitAsync(StartMax, cancelled);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort(IPAddress address)
    {
        using var probe = new TcpListener(address, port: 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var signal = Process.Start(
                "/bin/kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            try
            {
                await _process.WaitForExitAsync().WaitAsync(StopMax);
            }
            catch (TimeoutException)
            {
                _process.Kill();
                await _process.WaitForExitAsync();
            }
        }

        _process.Dispose();
    }

    private void Read()
    {
        const int LinesMax = 50;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => _ready.TrySetException(new IOException(
            "The node of the API server ended:\n" + string.Join('\n', _lastLines)));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Take(string? line)
        {
            if (line is null)
                return;
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > LinesMax)
                    _lastLines.Dequeue();
            }

            if (line.Contains(ReadyLine, StringComparison.Ordinal))
                _ready.TrySetResult();
        }
    }
}
