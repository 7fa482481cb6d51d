namespace Kv.Server.Logging;

/// <summary>Takes lines to their outputs on a thread of its own, so that whoever logs never waits for a terminal or a
/// disk. When the queue is full, lines are dropped and counted, the lesser ones (debug and info) first; the count is
/// written once there is room.</summary>
internal sealed class LineQueue : IDisposable
{
    private const int LinesMax = 8192;
    private const int LesserLinesMax = LinesMax * 3 / 4;
    private static readonly TimeSpan FarewellMax = TimeSpan.FromSeconds(3);

    private readonly object _gate = new();
    private readonly IReadOnlyList<Stream> _outputs;
    private readonly Func<long, byte[]> _toDropNotice;
    private readonly Thread _thread;
    private List<byte[]> _waiting = [];
    private long _dropped;
    private bool _isStopping;

    /// <param name="outputs">Owned from here on.</param>
    /// <param name="toDropNotice">The line that says how many lines were dropped.</param>
    public LineQueue(IReadOnlyList<Stream> outputs, Func<long, byte[]> toDropNotice)
    {
        _outputs = outputs;
        _toDropNotice = toDropNotice;
        _thread = new Thread(Run) { Name = "log-lines", IsBackground = true };
        _thread.Start();
    }

    public void Add(byte[] line, bool isLesser)
    {
        lock (_gate)
        {
            if (_isStopping || _waiting.Count >= (isLesser ? LesserLinesMax : LinesMax))
            {
                _dropped++;
                return;
            }

            _waiting.Add(line);
            if (_waiting.Count == 1)
                Monitor.Pulse(_gate);
        }
    }

    /// <summary>Writes what is waiting, unless the outputs take longer than a moment.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join(FarewellMax);
    }

    private void Run()
    {
        var writing = new List<byte[]>();
        while (TryTake(ref writing))
        {
            foreach (var output in _outputs)
                Write(output, writing);
            writing.Clear();
        }

        foreach (var output in _outputs)
            output.Dispose();
    }

    /// <summary>Exchanges an empty list for the one that has gathered; false when all is written and no more
    /// comes.</summary>
    private bool TryTake(ref List<byte[]> lines)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0 && _dropped == 0 && !_isStopping)
                Monitor.Wait(_gate);
            (lines, _waiting) = (_waiting, lines);
            if (_dropped > 0)
                lines.Add(_toDropNotice(_dropped));
            _dropped = 0;
            return lines.Count > 0;
        }
    }

    private static void Write(Stream output, List<byte[]> lines)
    {
        try
        {
            foreach (byte[] line in lines)
                output.Write(line);
            output.Flush();
        }
        catch (IOException)
        {
            // A closed pipe or a full disk takes no lines, and there is nowhere to say so: the data path goes on.
        }
    }
}
