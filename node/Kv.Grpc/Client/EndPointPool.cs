using System.Diagnostics;

namespace Kv.Grpc.Client;

/// <summary>The servers of a channel, taken in turn. One that could not be reached is passed over for a while, longer
/// each time, unless there is no other. A call moves on to the next server only if no byte of it can have been acted
/// on.</summary>
internal sealed class EndPointPool(IReadOnlyList<Uri> addresses, HttpMessageInvoker http)
{
    private readonly EndPoint[] _endPoints = [.. addresses.Select(address => new EndPoint(address))];
    private int _turn = -1;

    /// <param name="waitForReady">Whether to go on trying, until cancelled, while no server can be reached.</param>
    public async Task<HttpResponseMessage> SendAsync(
        Func<Uri, HttpRequestMessage> make,
        string path,
        bool waitForReady,
        CancellationToken cancelled)
    {
        int first = Interlocked.Increment(ref _turn);
        for (int attempt = 0; ; attempt++)
        {
            EndPoint endPoint = Choose(unchecked((uint)(first + attempt)));
            try
            {
                HttpResponseMessage response = await http.SendAsync(make(endPoint.AddressOf(path)), cancelled);
                endPoint.OnReached();
                return response;
            }
            catch (HttpRequestException fault) when (HttpFault.IsBeforeSending(fault))
            {
                TimeSpan pause = endPoint.OnUnreachable();
                bool isLast = attempt + 1 >= _endPoints.Length;
                if (isLast && !waitForReady)
                    throw;
                if (isLast)
                    await PauseAsync(pause, cancelled);
            }
        }
    }

    private static async Task PauseAsync(TimeSpan pause, CancellationToken cancelled)
    {
        using var timer = new PeriodicTimer(pause);
        await timer.WaitForNextTickAsync(cancelled);
    }

    private EndPoint Choose(uint turn)
    {
        for (uint step = 0; step < _endPoints.Length; step++)
        {
            EndPoint endPoint = _endPoints[(int)(unchecked(turn + step) % (uint)_endPoints.Length)];
            if (endPoint.IsWorthTrying)
                return endPoint;
        }

        return _endPoints[(int)(turn % (uint)_endPoints.Length)];
    }

    private sealed class EndPoint(Uri address)
    {
        private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Uri> _addresses = new();
        private long _retryTimestamp;
        private int _failures;

        public bool IsWorthTrying =>
            Volatile.Read(ref _failures) == 0 || Stopwatch.GetTimestamp() >= Volatile.Read(ref _retryTimestamp);

        public Uri AddressOf(string path) =>
            _addresses.GetOrAdd(path, static (path, address) => new Uri(address, path), address);

        public void OnReached()
        {
            if (Volatile.Read(ref _failures) != 0)
                Volatile.Write(ref _failures, 0);
        }

        public TimeSpan OnUnreachable()
        {
            int failures = Math.Min(Interlocked.Increment(ref _failures), 10);
            TimeSpan pause = ShortestPause * (1 << (failures - 1));
            if (pause > LongestPause)
                pause = LongestPause;
            Volatile.Write(
                ref _retryTimestamp,
                Stopwatch.GetTimestamp() + (long)(pause.TotalSeconds * Stopwatch.Frequency));
            return pause;
        }
    }
}
