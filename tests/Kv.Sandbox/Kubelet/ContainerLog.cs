using System.Globalization;
using System.Text;

namespace Kv.Sandbox.Kubelet;

/// <summary>What one run of a container has printed: a file of lines, each with its time, of bounded size.</summary>
internal sealed class ContainerLog : IDisposable
{
    private const long BytesMax = 16 * 1024 * 1024;

    private readonly FileStream _file;
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isFull;

    public ContainerLog(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
    }

    public string Path { get; }

    public bool IsEnded { get; private set; }

    /// <summary>The last lines of a log, for the message of a container that failed.</summary>
    public string? LastLine { get; private set; }

    /// <summary>Done at the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
                return IsEnded ? Task.CompletedTask : _changed.Task;
        }
    }

    public void Write(string line)
    {
        string time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        byte[] bytes = Encoding.UTF8.GetBytes($"{time} {line}\n");
        lock (_gate)
        {
            LastLine = line;
            if (IsEnded || _isFull)
                return;
            _isFull = _file.Length + bytes.Length > BytesMax;
            _file.Write(_isFull ? Encoding.UTF8.GetBytes($"{time} (the log is full)\n") : bytes);
            _file.Flush();
            Tell();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (IsEnded)
                return;
            IsEnded = true;
            _file.Dispose();
            Tell();
        }
    }

    private void Tell()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
