using System.Diagnostics;
using Kv.Server.Cli;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Storage.Pages;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Upkeep;

/// <summary>The page file as it is now, while a client is sent it. To be disposed, whether or not all was
/// sent.</summary>
internal sealed class SnapshotReading : IDisposable
{
    private readonly ReadTransaction _read;
    private readonly Histogram _times;
    private readonly ILogger _log;
    private readonly long _start = Stopwatch.GetTimestamp();

    public SnapshotReading(ReadTransaction read, Histogram times, ILogger log)
    {
        _read = read;
        _times = times;
        _log = log;
        Log.SendingSnapshot(log, read.Bytes, HumanBytes.Format(read.Bytes));
    }

    public long Bytes => _read.Bytes;

    /// <summary>Fills <paramref name="piece"/> from <paramref name="offset"/> on; returns how much there was.</summary>
    public int Read(long offset, Span<byte> piece) => _read.ReadSnapshot(offset, piece);

    /// <summary>The client has taken all of it.</summary>
    public void OnSent() => Log.SentSnapshot(
        _log, _read.Bytes, HumanBytes.Format(_read.Bytes), Stopwatch.GetElapsedTime(_start));

    public void Dispose()
    {
        _times.ObserveSince(_start);
        _read.Dispose();
    }
}
