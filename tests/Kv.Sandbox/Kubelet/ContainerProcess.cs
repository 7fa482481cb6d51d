using System.Diagnostics;

namespace Kv.Sandbox.Kubelet;

/// <summary>One run of a container: a process in a session of its own, so that it and its children can be ended
/// together, and a terminal's Ctrl-C does not reach it.</summary>
internal sealed class ContainerProcess : IDisposable
{
    private readonly Process _process;
    private readonly ContainerLog _log;
    private readonly Task _reading;

    private ContainerProcess(Process process, ContainerLog log)
    {
        _process = process;
        _log = log;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        Ended = WaitAsync();
    }

    public int Id => _process.Id;

    /// <summary>Its exit code, once it has ended.</summary>
    public Task<int> Ended { get; }

    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static ContainerProcess Start(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, ContainerLog log)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.Close();
        return new ContainerProcess(process, log);
    }

    public void Signal(int signal)
    {
        if (!SystemCalls.SendToGroup(_process.Id, signal))
            SystemCalls.Send(_process.Id, signal); // it has not yet become a group of its own
    }

    /// <summary>Asks it to end, and ends it when the time is over.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        if (grace > TimeSpan.Zero)
        {
            Signal(SystemCalls.Term);
            try
            {
                await Ended.WaitAsync(grace);
            }
            catch (TimeoutException)
            {
                // It had its time.
            }
        }

        Signal(SystemCalls.Kill);
        await Ended;
    }

    public void Dispose()
    {
        Signal(SystemCalls.Kill);
        _process.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        int code = _process.ExitCode;

        // What it left behind would keep its output open.
        SystemCalls.SendToGroup(_process.Id, SystemCalls.Kill);
        await _reading;
        _log.Dispose();
        return code;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                _log.Write(line);
        }
        catch (IOException)
        {
            // The process is gone.
        }
    }
}
