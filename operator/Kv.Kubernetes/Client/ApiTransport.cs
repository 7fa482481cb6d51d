using System.Net;
using System.Text.Json;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Metrics;

namespace Kv.Kubernetes.Client;

/// <summary>Sends requests, and sends again those of which it is certain that nothing can happen twice:
/// <code>
/// 429, 503, 500 with Retry-After    any request, after that time: the server has not begun it
/// 401                               any request, once, with a new credential
/// no answer                         reads only; of a write nobody knows what became of it
/// </code></summary>
internal sealed class ApiTransport(
    KubernetesClientConfiguration config,
    RestClientMetrics metrics,
    TimeProvider time,
    Jitter jitter) : IDisposable
{
    private const int BusyTriesMax = 10;
    private const int ReadTriesMax = 3;
    private static readonly TimeSpan BusyPauseMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReadPause = TimeSpan.FromMilliseconds(100);

    private readonly ApiConnections _connections = new(config);
    private readonly TokenBucket _pace = new(config.QueriesPerSecond, config.Burst, time);
    private readonly string _host = config.Host.Authority;

    /// <summary>For an answer that is one object.</summary>
    public Task<T> SendAsync<T>(ApiRequest request, CancellationToken cancelled) =>
        RepeatAsync(request, (response, limit) => ReadAsync<T>(request, response, limit), cancelled);

    /// <summary>For an answer that goes on. Only its beginning has a deadline; it belongs to the caller.</summary>
    public Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancelled) =>
        RepeatAsync(request, static (response, _) => Task.FromResult(response), cancelled);

    public void Dispose() => _connections.Dispose();

    private async Task<T> RepeatAsync<T>(
        ApiRequest request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancelled)
    {
        for (int attempt = 1; ; attempt++)
        {
            if (!request.IsStream)
                await PaceAsync(request, cancelled);
            TimeSpan pause;
            int? code = null;
            try
            {
                var outcome = await TryAsync(request, read, cancelled);
                if (outcome.Failure is null)
                    return outcome.Answer!;
                if (PauseAfter(outcome, attempt, request) is not { } busy)
                    throw outcome.Failure;
                pause = busy;
                code = (int)outcome.Failure.Code;
            }
            catch (Exception failure) when (
                failure is HttpRequestException or IOException
                && request is { IsStream: false, Method.Method: "GET" }
                && attempt < ReadTriesMax)
            {
                pause = jitter.Around(ReadPause * attempt, part: 0.5);
            }

            metrics.CountRetry(request, _host, code);
            await Task.Delay(pause, time, cancelled);
        }
    }

    private async Task PaceAsync(ApiRequest request, CancellationToken cancelled)
    {
        var wait = _pace.Take();
        metrics.CountPause(request, _host, wait);
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancelled);
    }

    private async Task<Outcome<T>> TryAsync<T>(
        ApiRequest request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancelled)
    {
        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancelled, limit.Token);
        try
        {
            var response = await SendOnceAsync(request, either.Token);
            if (response.IsSuccessStatusCode)
                return new Outcome<T>(await read(response, either.Token), Failure: null, RetryAfter: null);

            using (response)
            {
                var failure = await ApiFailure.ReadAsync(request, response, either.Token);
                return new Outcome<T>(default, failure, RetryAfter(response));
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancelled.IsCancellationRequested)
        {
            throw new TimeoutException($"{request} was not answered within {config.Timeout.TotalSeconds} s.");
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, CancellationToken cancelled)
    {
        var identity = await config.Credential.GetAsync(cancelled);
        using var message = CreateMessage(request, identity);
        long start = time.GetTimestamp();
        HttpResponseMessage response;
        try
        {
            response = await _connections.For(identity).SendAsync(message, cancelled);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            metrics.CountRequest(request, _host, code: null, time.GetElapsedTime(start));
            throw;
        }

        metrics.CountRequest(request, _host, (int)response.StatusCode, time.GetElapsedTime(start));
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            config.Credential.Reject(identity);
        return response;
    }

    private HttpRequestMessage CreateMessage(ApiRequest request, ClientIdentity identity)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(config.Host, request.PathAndQuery))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Authorization = identity.Header;
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", "kv-operator");
        foreach ((string name, string value) in config.Impersonation)
            message.Headers.TryAddWithoutValidation(name, value);

        // The name that TLS asks for and checks is taken from here; the API server does not care for it.
        if (config.TlsServerName is not null)
            message.Headers.Host = config.TlsServerName;
        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        return message;
    }

    private async Task<T> ReadAsync<T>(ApiRequest request, HttpResponseMessage response, CancellationToken cancelled)
    {
        using (response)
        {
            await using var body = new CountedStream(await response.Content.ReadAsStreamAsync(cancelled));
            try
            {
                var answer = await JsonSerializer.DeserializeAsync<T>(body, KubernetesJson.Options, cancelled);
                metrics.CountResponseBytes(request, _host, body.Count);
                return answer ?? throw new JsonException("null");
            }
            catch (JsonException wrong)
            {
                throw new IOException($"{request}: the answer is not a {typeof(T).Name}: {wrong.Message}", wrong);
            }
        }
    }

    private static TimeSpan? PauseAfter<T>(Outcome<T> outcome, int attempt, ApiRequest request)
    {
        var code = outcome.Failure!.Code;
        if (code == HttpStatusCode.Unauthorized && attempt == 1)
            return TimeSpan.Zero;

        bool isBusy = code is HttpStatusCode.TooManyRequests || (int)code >= 500;
        return isBusy && outcome.RetryAfter <= BusyPauseMax && attempt < BusyTriesMax && request.RetriesWhenBusy
            ? outcome.RetryAfter
            : null;
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > time.GetUtcNow() ? date - time.GetUtcNow() : TimeSpan.Zero,
        _ => null,
    };

    private sealed record Outcome<T>(T? Answer, KubernetesException? Failure, TimeSpan? RetryAfter);
}
