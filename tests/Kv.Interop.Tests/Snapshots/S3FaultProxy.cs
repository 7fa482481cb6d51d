using System.Net;
using System.Net.Http.Headers;
using Kv.Interop.Tests.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Kv.Interop.Tests.Snapshots;

/// <summary>Stands before a store and passes on what it is asked and what it answers, or does not: some requests are
/// refused as by a store that is overloaded, some are cut before they arrive, some after they had their effect, and
/// some answers break off half-way.</summary>
internal sealed class S3FaultProxy : IAsyncDisposable
{
    private const int ChunkBytes = 16 * 1024;

    private static readonly string[] HeadersOfConnection = ["Host", "Connection", "Transfer-Encoding", "Keep-Alive"];

    private readonly HttpClient _store;
    private readonly WebApplication _site;
    private readonly Random _random;
    private readonly Lock _gate = new();

    private S3FaultProxy(string store, int seed)
    {
        _random = new Random(seed);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        _store = new HttpClient(handler) { BaseAddress = new Uri($"http://{store}") };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPEndPoint.Parse(Address));
        });
        _site = builder.Build();
        _site.Run(ServeAsync);
    }

    /// <summary>"host:port".</summary>
    public string Address { get; } = Loopback.NextAddress();

    public string Url => $"http://{Address}";

    /// <summary>Of a hundred requests, how many something befalls.</summary>
    public int FaultPercent { get; set; }

    /// <summary>What the ETag of every answer is; null for what the store says.</summary>
    public string? Etag { get; set; }

    /// <summary>Is asked about every request before it is passed on.</summary>
    public Func<HttpRequest, Task> OnRequest { get; set; } = _ => Task.CompletedTask;

    /// <summary>What befell which request, in order.</summary>
    public List<string> Story { get; } = [];

    public static async Task<S3FaultProxy> StartAsync(S3Server server, int seed)
    {
        var proxy = new S3FaultProxy(server.Address, seed);
        await proxy._site.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        _store.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            await OnRequest(context.Request);
            await ServeAsync(context, NextFault(context.Request));
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task ServeAsync(HttpContext context, Fault fault)
    {
        if (fault is Fault.Fails or Fault.IsBusy)
        {
            await RefuseAsync(context, fault);
            return;
        }

        if (fault == Fault.CutsBefore)
        {
            context.Abort();
            return;
        }

        using HttpResponseMessage answer = await AskAsync(context);
        if (fault == Fault.CutsAfter)
            context.Abort();
        else
            await AnswerAsync(context, answer, fault == Fault.CutsAnswer);
    }

    private Fault NextFault(HttpRequest request)
    {
        lock (_gate)
        {
            bool isStruck = _random.Next(100) < FaultPercent;
            Fault fault = isStruck ? (Fault)(1 + _random.Next((int)Fault.CutsAnswer)) : Fault.None;
            Story.Add($"{fault}: {request.Method} {request.Path}{request.QueryString}");
            return fault;
        }
    }

    private static async Task RefuseAsync(HttpContext context, Fault fault)
    {
        (int code, string name) = fault == Fault.Fails ? (500, "InternalError") : (503, "SlowDown");
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<?xml version=\"1.0\"?><Error><Code>{name}</Code><Message>by chance</Message></Error>");
    }

    private async Task<HttpResponseMessage> AskAsync(HttpContext context)
    {
        HttpRequest asked = context.Request;

        // As it came: what is escaped how, and for which host it is, is part of what was signed.
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        using var request = new HttpRequestMessage(new HttpMethod(asked.Method), target);
        if (asked.ContentLength is > 0)
            request.Content = new StreamContent(asked.Body);
        else if (asked.Method is "POST" or "PUT")
            request.Content = new ByteArrayContent([]);
        request.Headers.Host = asked.Host.Value;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in asked.Headers)
        {
            bool isPassed = !HeadersOfConnection.Contains(name, StringComparer.OrdinalIgnoreCase);
            if (isPassed && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        return await _store.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context, HttpResponseMessage answer, bool isCut)
    {
        context.Response.StatusCode = (int)answer.StatusCode;
        Copy(answer.Headers, context.Response);
        Copy(answer.Content.Headers, context.Response);
        if (Etag is not null && context.Response.Headers.ContainsKey("ETag"))
            context.Response.Headers.ETag = Etag;
        await using Stream content = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        byte[] chunk = new byte[ChunkBytes];
        long left = isCut ? (answer.Content.Headers.ContentLength ?? 0) / 2 : long.MaxValue;
        while (await content.ReadAsync(chunk, context.RequestAborted) is > 0 and { } count)
        {
            await context.Response.Body.WriteAsync(
                chunk.AsMemory(0, (int)Math.Min(count, left)), context.RequestAborted);
            left -= count;
            if (left <= 0)
                break;
        }

        if (!isCut)
            return;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    private static void Copy(HttpHeaders from, HttpResponse to)
    {
        foreach ((string name, IEnumerable<string> values) in from)
        {
            if (!HeadersOfConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
                to.Headers[name] = values.ToArray();
        }
    }

    private enum Fault
    {
        None,
        Fails,
        IsBusy,
        CutsBefore,
        CutsAfter,
        CutsAnswer,
    }
}
