using System.Diagnostics;

namespace Kv.Interop.Tests.Processes;

/// <summary>A node that runs as a process of its own: ours or a real etcd. What it prints is kept for the message of
/// the test that fails.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    private const string ReadyLine = "ready to serve client requests";

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ProcessOutput _output;

    private NodeProcess(NodeProgram program, NodeSettings settings, Process process)
    {
        Program = program;
        Settings = settings;
        _process = process;
        _output = new ProcessOutput(process);
    }

    public NodeProgram Program { get; }

    public NodeSettings Settings { get; }

    /// <summary>"host:port" for clients.</summary>
    public string Endpoint => Settings.ClientAddress;

    public Uri Url => new($"{Settings.ClientScheme}://{Settings.ClientAddress}");

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it printed, on both streams; the middle may be left out.</summary>
    public string Output => _output.Text;

    /// <summary>Starts the node and returns once it serves clients.</summary>
    public static async Task<NodeProcess> StartAsync(NodeProgram program, NodeSettings settings)
    {
        NodeProcess node = Launch(program, settings);
        try
        {
            if (!await node._output.SaysAsync(ReadyLine, StartMax))
                throw new InvalidOperationException($"{program} does not serve.\n{node.Output}");

            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node that is expected to give up; returns it ended, or the test fails.</summary>
    public static async Task<NodeProcess> StartToFailAsync(NodeProgram program, NodeSettings settings)
    {
        NodeProcess node = Launch(program, settings);
        if (await node._output.SaysAsync(ReadyLine, StartMax))
        {
            await node.DisposeAsync();
            Assert.Fail($"{program} was to stop, but serves.\n{node.Output}");
        }

        await node.WaitForExitAsync();
        return node;
    }

    public int ExitCode => _process.ExitCode;

    /// <summary>Waits until the node prints a line with <paramref name="text"/>; false if it ends or the time is over
    /// before that.</summary>
    public Task<bool> SaysAsync(string text, TimeSpan within) => _output.SaysAsync(text, within);

    /// <summary>Asks it to stop, and waits until it has.</summary>
    public async Task StopAsync()
    {
        await SendAsync("TERM");
        await WaitForExitAsync();
    }

    /// <summary>Ends it as a power failure of the process would: no code of it runs any more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>Sends a signal, by name without SIG.</summary>
    public async Task SendAsync(string signal)
    {
        if (!_process.HasExited)
            await ProgramRun.StartAsync("/bin/kill", ["-" + signal, $"{_process.Id}"]);
    }

    /// <summary>Waits until it ends of itself; the test fails if it does not.</summary>
    public async Task WaitForExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(StopMax);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            Assert.Fail($"{Program} has not ended within {StopMax}.\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static NodeProcess Launch(NodeProgram program, NodeSettings settings)
    {
        var start = new ProcessStartInfo(program.File, settings.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(settings.DataDirectory),
        };
        foreach ((string name, string value) in settings.Environment)
            start.Environment[name] = value;
        return new NodeProcess(program, settings, Process.Start(start)!);
    }
}
