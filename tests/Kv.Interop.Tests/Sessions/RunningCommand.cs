using System.Diagnostics;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Sessions;

/// <summary>A command of a session that runs beside the others, such as a watch.</summary>
public sealed class RunningCommand : IDisposable
{
    private static readonly TimeSpan LinesMax = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private int _wanted = int.MaxValue;
    private TaskCompletionSource _enough = NewSource();

    public RunningCommand(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has printed up to now.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteLineAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits for that many lines in all; gives up after a time: the comparison shows what came.</summary>
    public async Task WaitForLinesAsync(int count)
    {
        Task enough;
        lock (_gate)
        {
            if (_lines.Count >= count)
                return;
            _wanted = count;
            _enough = NewSource();
            enough = _enough.Task;
        }

        try
        {
            await enough.WaitAsync(LinesMax);
        }
        catch (TimeoutException)
        {
        }
    }

    /// <summary>Does what Ctrl-C would: the command ends in its own way.</summary>
    public Task InterruptAsync() => ProgramRun.StartAsync("/bin/kill", ["-INT", $"{_process.Id}"]);

    /// <summary>Ends the command, and returns what it printed.</summary>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        lock (_gate)
            return [.. _lines];
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Take(string? line)
    {
        lock (_gate)
        {
            // What a client logs when it is ended is chance.
            if (line is null || line.StartsWith("{\"level\":", StringComparison.Ordinal))
                return;
            _lines.Add(line);
            if (_lines.Count >= _wanted)
                _enough.TrySetResult();
        }
    }
}
