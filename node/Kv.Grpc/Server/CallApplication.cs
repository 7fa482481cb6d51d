using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Kv.Grpc.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc;

/// <summary>What Kestrel hands each request to: tells gRPC from other HTTP, and finds what answers it. There is no
/// pipeline and no HttpContext; the objects of a call live as long as the stream object of Kestrel's that they are
/// attached to, and are used again with it.</summary>
internal sealed class CallApplication(GrpcServerOptions options, MethodTable methods) : IHttpApplication<GrpcCall>
{
    private const string GrpcContentType = "application/grpc";

    public GrpcCall CreateContext(IFeatureCollection contextFeatures)
    {
        GrpcCall call;
        if (contextFeatures is IHostContextContainer<GrpcCall> container)
            call = container.HostContext ??= new GrpcCall();
        else
            call = new GrpcCall();

        call.Transport.Bind(contextFeatures);
        return call;
    }

    public Task ProcessRequestAsync(GrpcCall context)
    {
        IHttpRequestFeature request = context.Transport.Request;
        if (!IsGrpc(request, out bool isHttp2))
            return AnswerPlainAsync(context.Transport, isHttp2);

        MethodEntry? entry = methods.Find(request.Path);
        if (entry is null)
            return Refuse(context.Transport, StatusCodes.Status200OK, methods.Missing(request.Path));
        if (!HttpMethods.IsPost(request.Method))
            return RefuseVerb(context.Transport);

        Status admission = options.Admission?.Invoke(entry.Method) ?? Status.DefaultSuccess;
        if (admission.StatusCode != StatusCode.OK)
            return Refuse(context.Transport, StatusCodes.Status200OK, admission);

        if (!context.Share.TryBegin(options.Budget, context.Transport.Load, entry.Method.IsFirstInLine))
            return RefuseForLoad(context.Transport, entry.Method, options.Budget!);

        if (entry.IsStreaming)
            Detach(context);
        if (!context.TryBegin(entry.Method, options))
            return Task.CompletedTask;
        return options.Hold?.Invoke(context) is { } wait
            ? InvokeAfterAsync(wait, entry, context)
            : entry.InvokeAsync(context);
    }

    // Of the answer as much may still wait for the client as Kestrel keeps of a stream: 64 KiB.
    public void DisposeContext(GrpcCall context, Exception? exception) => context.Share.End();

    private static async Task InvokeAfterAsync(Task wait, MethodEntry entry, GrpcCall context)
    {
        try
        {
            await wait;
        }
        catch (OperationCanceledException gone)
        {
            context.Fail(gone);
            return;
        }

        await entry.InvokeAsync(context);
    }

    /// <summary>gRPC is HTTP/2 with its own content type, which may have a suffix.</summary>
    private static bool IsGrpc(IHttpRequestFeature request, out bool isHttp2)
    {
        isHttp2 = HttpProtocol.IsHttp2(request.Protocol);
        if (!isHttp2)
            return false;
        string? type = request.Headers.ContentType;
        return type is not null
            && type.StartsWith(GrpcContentType, StringComparison.OrdinalIgnoreCase)
            && (type.Length == GrpcContentType.Length || type[GrpcContentType.Length] is '+' or ';');
    }

    // What a streaming method leaves running may still hold its call, so that is never used for another.
    private static void Detach(GrpcCall context)
    {
        if (context.Transport.Features is IHostContextContainer<GrpcCall> container)
            container.HostContext = null;
    }

    private static Task Refuse(CallTransport transport, int httpStatus, in Status status)
    {
        IHeaderDictionary headers = transport.Response.Headers;
        transport.Response.StatusCode = httpStatus;
        headers.ContentType = GrpcContentType;
        headers.GrpcStatus = StatusText.OfCode(status.StatusCode);
        headers.GrpcMessage = StatusText.Encode(status.Detail);
        return Task.CompletedTask;
    }

    private static Task RefuseForLoad(CallTransport transport, GrpcMethod method, CallBudget budget)
    {
        method.Counts.CountStarted();
        method.Counts.CountHandled(budget.Refusal.StatusCode);
        return Refuse(transport, StatusCodes.Status200OK, budget.Refusal);
    }

    private static Task RefuseVerb(CallTransport transport) => Refuse(
        transport,
        StatusCodes.Status405MethodNotAllowed,
        new Status(
            StatusCode.Internal,
            $"Received a HEADERS frame with :method \"{transport.Request.Method}\" which should be POST"));

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever answering throws ends this request and no other.")]
    private async Task AnswerPlainAsync(CallTransport transport, bool isHttp2)
    {
        try
        {
            if (isHttp2 && methods.Find(transport.Request.Path) is not null)
                await RefuseContentType(transport);
            else if (options.PlainHttp is null)
                transport.Response.StatusCode = StatusCodes.Status404NotFound;
            else
                await options.PlainHttp(new PlainHttpCall(transport));
        }
        catch (Exception) when (transport.Lifetime.RequestAborted.IsCancellationRequested)
        {
            // The client has gone, and with it whom to answer.
        }
        catch (BadHttpRequestException)
        {
            throw; // Kestrel answers it with the status it bears
        }
        catch (Exception fault)
        {
            options.Faulted?.Invoke(transport.Request.Path, fault);
            if (transport.Response.HasStarted)
                transport.Reset();
            else
                transport.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private static Task RefuseContentType(CallTransport transport)
    {
        string type = transport.Request.Headers.ContentType.ToString();
        return Refuse(
            transport,
            StatusCodes.Status415UnsupportedMediaType,
            new Status(StatusCode.Internal, $"invalid gRPC request content-type \"{type}\""));
    }
}
