using System.Net;
using System.Net.Sockets;

namespace Kv.Testing;

/// <summary>What a collector does with requests.</summary>
public enum CollectorMood
{
    /// <summary>It takes them.</summary>
    Taking,

    /// <summary>It answers 500.</summary>
    Failing,

    /// <summary>It does not answer at all.</summary>
    Hanging,
}

/// <summary>A collector of OTLP over HTTP that keeps all that it is sent, and can behave badly.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly HttpListener _listener = new();
    private readonly CollectorMood _mood;
    private readonly List<CollectedSpan> _spans = [];
    private readonly List<CollectedPoint> _points = [];
    private readonly List<byte[]> _bodies = [];
    private readonly List<string> _headers = [];
    private readonly Task _serving;
    private TaskCompletionSource _news = NewNews();

    private OtlpCollector(string address, CollectorMood mood)
    {
        _mood = mood;
        Url = new Uri($"http://{address}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>For OTEL_EXPORTER_OTLP_ENDPOINT.</summary>
    public Uri Url { get; }

    /// <summary>How many requests have come.</summary>
    public int Requests
    {
        get
        {
            lock (_gate)
                return _bodies.Count;
        }
    }

    public IReadOnlyList<CollectedSpan> Spans
    {
        get
        {
            lock (_gate)
                return [.. _spans];
        }
    }

    public IReadOnlyList<CollectedPoint> Points
    {
        get
        {
            lock (_gate)
                return [.. _points];
        }
    }

    /// <summary>What came with the requests, as <c>name: value</c>, names in small letters.</summary>
    public IReadOnlyList<string> Headers
    {
        get
        {
            lock (_gate)
                return [.. _headers];
        }
    }

    /// <param name="address">"host:port"; one that is free if null.</param>
    public static OtlpCollector Start(CollectorMood mood = CollectorMood.Taking, string? address = null) =>
        new(address ?? FreeAddress(), mood);

    /// <summary>Where nobody listens.</summary>
    public static string FreeAddress()
    {
        int process = Environment.ProcessId;
        var address = IPAddress.Parse($"127.{31 + (process % 60)}.{process / 60 % 250}.77");
        using var probe = new TcpListener(address, 0);
        probe.Start();
        return probe.LocalEndpoint.ToString()!;
    }

    /// <summary>Whether bytes have come, in any request.</summary>
    public bool HasSeen(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            foreach (byte[] body in _bodies)
            {
                if (body.AsSpan().IndexOf(bytes) >= 0)
                    return true;
            }
        }

        return false;
    }

    /// <summary>Waits until what has come is enough; throws with all of it when it never is.</summary>
    public async Task WaitForAsync(Func<OtlpCollector, bool> isEnough)
    {
        DateTime end = DateTime.UtcNow + WaitMax;
        while (true)
        {
            Task news;
            lock (_gate)
                news = _news.Task;
            if (isEnough(this))
                return;
            TimeSpan left = end - DateTime.UtcNow;
            if (left <= TimeSpan.Zero || await Task.WhenAny(news, WaitedAsync(left)) != news)
            {
                throw new TimeoutException(
                    $"Not enough within {WaitMax}: {Requests} requests, spans:\n{string.Join('\n', Spans)}\nmetrics: " +
                    string.Join(' ', Points.Select(point => point.Metric).Distinct()));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private static TaskCompletionSource NewNews() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task WaitedAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                await TakeAsync(await _listener.GetContextAsync());
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException or IOException)
            {
                if (!_listener.IsListening)
                    return;
            }
        }
    }

    private async Task TakeAsync(HttpListenerContext context)
    {
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        Keep(context.Request, body.ToArray());
        if (_mood == CollectorMood.Hanging)
            return; // the context is left as it is, and with it the request
        context.Response.StatusCode = _mood == CollectorMood.Failing ? 500 : 200;
        context.Response.Close();
    }

    private void Keep(HttpListenerRequest request, byte[] body)
    {
        lock (_gate)
        {
            _bodies.Add(body);
            foreach (string? name in request.Headers.AllKeys)
                _headers.Add($"{name?.ToLowerInvariant()}: {request.Headers[name]}");
            if (request.Url!.AbsolutePath.EndsWith("/v1/traces", StringComparison.Ordinal))
                _spans.AddRange(OtlpBody.Spans(body));
            else if (request.Url.AbsolutePath.EndsWith("/v1/metrics", StringComparison.Ordinal))
                _points.AddRange(OtlpBody.Points(body));
            _news.SetResult();
            _news = NewNews();
        }
    }
}
