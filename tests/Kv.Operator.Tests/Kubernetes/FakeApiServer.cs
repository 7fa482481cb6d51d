using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What to answer a request with.</summary>
internal delegate Task Answer(HttpContext context);

/// <summary>An API server that says what the test has written for it, request by request. Each route, "GET
/// /api/v1/pods" or "WATCH /api/v1/pods", has answers of its own; the last is given for ever.</summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Answer>> _answers = new();
    private readonly List<RecordedRequest> _requests = [];
    private readonly CancellationTokenSource _closing = new();
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FakeApiServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First() + "/");

    public IReadOnlyList<RecordedRequest> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static async Task<FakeApiServer> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Parse("127.4.7.1"), 0, listen =>
            {
                if (certificate is null)
                    return;
                listen.UseHttps(certificate, https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            }));
        var server = new FakeApiServer(builder.Build());
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    public void On(string route, params Answer[] answers)
    {
        var queue = _answers.GetOrAdd(route, _ => new ConcurrentQueue<Answer>());
        foreach (var answer in answers)
            queue.Enqueue(answer);
    }

    /// <summary>Waits for the request of that number, from 1, on a route.</summary>
    public async Task<RecordedRequest> RequestAsync(string route, int number = 1)
    {
        while (true)
        {
            Task arrived;
            lock (_requests)
            {
                var found = _requests.Where(each => each.Route == route).Skip(number - 1).FirstOrDefault();
                if (found is not null)
                    return found;
                arrived = _arrived.Task;
            }

            try
            {
                await arrived.WaitAsync(Deadline);
            }
            catch (TimeoutException)
            {
                string seen = string.Join(", ", Requests.Select(each => each.Route));
                throw new TimeoutException($"No request {number} of {route}; there were: {seen}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _app.DisposeAsync();
        _closing.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = await RecordedRequest.ReadAsync(context);
        context.Items["closing"] = _closing.Token;
        context.Items["request"] = request;
        Answer answer = Answers.Status(404, "NotFound", "the server could not find the requested resource");
        if (_answers.TryGetValue(request.Route, out var queue) && queue.TryPeek(out var next))
        {
            answer = next;
            if (queue.Count > 1)
                queue.TryDequeue(out _);
        }

        TaskCompletionSource arrived;
        lock (_requests)
        {
            _requests.Add(request);
            arrived = _arrived;
            _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        arrived.SetResult();
        await answer(context);
    }
}
