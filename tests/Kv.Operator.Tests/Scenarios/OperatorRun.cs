using System.Diagnostics;
using System.Net;
using Kv.Sandbox.ApiServer.Storage;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>The operator as it is shipped: a process, which can be killed at any moment and started again. It elects
/// no leader, so that the next one need not wait for a lease to run out: there is never a second one beside
/// it.</summary>
internal sealed class OperatorRun(string kubeconfig, string space, params string[] flags) : IDisposable
{
    private const int LinesMax = 400;

    private readonly Queue<string> _lines = new();
    private Process? _process;

    /// <summary>Where it is: beside this program.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "kv-operator");

    /// <summary>The last lines it has written.</summary>
    public string Output
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts it unless it runs.</summary>
    public void Start()
    {
        if (_process is not null)
            return;
        IPAddress address = IPAddress.Loopback;
        var start = new ProcessStartInfo(
            Program,
            [
                "--kubeconfig", kubeconfig, "--namespaces", space, "--leader-elect", "false", "--log-format", "text",
                "--health-address", $"{address}:{StoreNode.FreePort(address)}",
                "--metrics-address", $"{address}:{StoreNode.FreePort(address)}",
                .. flags,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Program} could not be started.");
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Ends it as a crash does: it has no time to put anything down.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
        Take("(killed)");
    }

    public void Dispose()
    {
        if (_process is null)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > LinesMax)
                _lines.Dequeue();
        }
    }
}
