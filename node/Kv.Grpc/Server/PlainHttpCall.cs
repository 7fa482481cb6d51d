using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Kv.Grpc;

/// <summary>One plain HTTP request and its response, over HTTP/1.1 or HTTP/2. Both bodies are pipes: whoever flushes
/// the response as it goes and never reads the request to its end has a stream in each direction. The response ends
/// when the method does.</summary>
public sealed class PlainHttpCall
{
    private readonly CallTransport _transport;
    private Dictionary<string, StringValues>? _query;

    internal PlainHttpCall(CallTransport transport) => _transport = transport;

    public string Method => _transport.Request.Method;

    /// <summary>Decoded; begins with a slash.</summary>
    public string Path => _transport.Request.Path;

    /// <summary>As it came, without the question mark.</summary>
    public string QueryText => _transport.Request.QueryString.TrimStart('?');

    public string Protocol => _transport.Request.Protocol;

    public bool IsHttp2 => HttpProtocol.IsHttp2(Protocol);

    public bool IsTls => Features.Get<ITlsConnectionFeature>() is not null;

    public IHeaderDictionary RequestHeaders => _transport.Request.Headers;

    public PipeReader RequestBody => _transport.RequestBody.Reader;

    public int StatusCode
    {
        get => _transport.Response.StatusCode;
        set => _transport.Response.StatusCode = value;
    }

    /// <summary>Whether status and headers have left.</summary>
    public bool HasStarted => _transport.Response.HasStarted;

    public IHeaderDictionary ResponseHeaders => _transport.Response.Headers;

    public PipeWriter ResponseBody => _transport.ResponseBody.Writer;

    /// <summary>Fires when the client has gone.</summary>
    public CancellationToken Cancelled => _transport.Lifetime.RequestAborted;

    /// <summary>Of the connection: certificates, addresses and the like.</summary>
    public IFeatureCollection Features => _transport.Features!;

    public EndPoint? RemoteEndPoint =>
        Features.Get<IHttpConnectionFeature>() is { RemoteIpAddress: { } address } connection
            ? new IPEndPoint(address, connection.RemotePort)
            : null;

    /// <summary>All values of a name in the query, decoded; none if it is not there.</summary>
    public StringValues Query(string name)
    {
        _query ??= QueryHelpers.ParseQuery(_transport.Request.QueryString);
        return _query.GetValueOrDefault(name);
    }

    /// <summary>The whole body of the request; null if it is longer than the limit.</summary>
    public async ValueTask<byte[]?> ReadBodyAsync(int maxBytes)
    {
        while (true)
        {
            ReadResult read = await RequestBody.ReadAsync(Cancelled);
            if (read.Buffer.Length > maxBytes)
                return null;
            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                RequestBody.AdvanceTo(read.Buffer.End);
                return body;
            }

            RequestBody.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Answers with a text.</summary>
    public ValueTask WriteAsync(int statusCode, string contentType, string text) =>
        WriteAsync(statusCode, contentType, Encoding.UTF8.GetBytes(text));

    public async ValueTask WriteAsync(int statusCode, string contentType, ReadOnlyMemory<byte> body)
    {
        StatusCode = statusCode;
        ResponseHeaders.ContentType = contentType;
        ResponseHeaders.ContentLength = body.Length;
        if (!HttpMethods.IsHead(Method))
            await ResponseBody.WriteAsync(body, Cancelled);
    }

    /// <summary>Breaks the response off so that the client cannot take it for whole.</summary>
    public void Abort() => _transport.Reset();
}
