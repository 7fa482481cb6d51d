using System.Diagnostics;

namespace Kv.Interop.Tests.Processes;

/// <summary>Collects the lines that a process prints and wakes who waits for one. Keeps the first and the last lines
/// only: what went wrong stands at one of the ends.</summary>
public sealed class ProcessOutput
{
    private const int HeadMax = 200;
    private const int TailMax = 400;
    private const int StreamCount = 2;

    private readonly Lock _gate = new();
    private readonly List<string> _head = [];
    private readonly Queue<string> _tail = new();
    private readonly List<(string Text, TaskCompletionSource<bool> Said)> _waiting = [];
    private int _open = StreamCount;

    public ProcessOutput(Process process)
    {
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Text
    {
        get
        {
            lock (_gate)
                return string.Join('\n', [.. _head, .. _tail]);
        }
    }

    /// <summary>Whether a line with <paramref name="text"/> has come, or comes in time.</summary>
    public async Task<bool> SaysAsync(string text, TimeSpan within)
    {
        Task<bool> said;
        lock (_gate)
        {
            if (_head.Concat(_tail).Any(line => line.Contains(text, StringComparison.Ordinal)))
                return true;
            if (_open == 0)
                return false;

            var source = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((text, source));
            said = source.Task;
        }

        try
        {
            return await said.WaitAsync(within);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Take(string? line)
    {
        lock (_gate)
        {
            if (line is null)
                Close();
            else
                Keep(line);
        }
    }

    private void Keep(string line)
    {
        if (_head.Count < HeadMax)
        {
            _head.Add(line);
        }
        else
        {
            if (_tail.Count == TailMax)
                _tail.Dequeue();
            _tail.Enqueue(line);
        }

        foreach ((string text, TaskCompletionSource<bool> said) in _waiting)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                said.TrySetResult(true);
        }
    }

    private void Close()
    {
        _open--;
        if (_open > 0)
            return;
        foreach ((_, TaskCompletionSource<bool> said) in _waiting)
            said.TrySetResult(false);
    }
}
