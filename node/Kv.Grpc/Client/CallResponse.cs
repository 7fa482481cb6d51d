using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Kv.Grpc.Wire;

namespace Kv.Grpc.Client;

/// <summary>The HTTP response of a call: its messages, one after another, and then how the call ended.</summary>
internal sealed class CallResponse : IDisposable
{
    private readonly HttpResponseMessage _http;
    private readonly PipeReader? _body;
    private readonly MessageLimits _limits;
    private bool _isOver;

    private CallResponse(HttpResponseMessage http, PipeReader? body, MessageLimits limits)
    {
        _http = http;
        _body = body;
        _limits = limits;
    }

    /// <summary>Whether the headers already say how the call ended, and nothing follows them.</summary>
    public bool IsTrailersOnly => _body is null;

    public Metadata Headers => Read(_http.Headers);

    public (Status Status, Metadata Trailers) Outcome
    {
        get
        {
            HttpResponseHeaders trailers = IsTrailersOnly ? _http.Headers : _http.TrailingHeaders;
            return (StatusOf(trailers), Read(trailers));
        }
    }

    /// <exception cref="RpcException">What answered does not speak gRPC.</exception>
    public static async Task<CallResponse> OpenAsync(
        HttpResponseMessage http,
        int? receiveMaxBytes,
        CancellationToken cancelled)
    {
        bool isTrailersOnly = http.Headers.Contains("grpc-status");
        if (!isTrailersOnly && http.StatusCode != HttpStatusCode.OK)
            throw new RpcException(HttpFault.ToStatus(http.StatusCode));
        if (!isTrailersOnly && !GrpcMediaType.Is(http.Content.Headers.ContentType))
        {
            throw new RpcException(new Status(
                StatusCode.Unknown,
                $"malformed header: invalid content-type: \"{http.Content.Headers.ContentType}\""));
        }

        string encoding = First(http.Headers, "grpc-encoding") ?? "";
        if (encoding is not ("" or "identity" or Gzip.Name))
        {
            throw new RpcException(new Status(
                StatusCode.Unimplemented,
                $"grpc: Decompressor is not installed for grpc-encoding \"{encoding}\""));
        }

        var limits = new MessageLimits(receiveMaxBytes ?? int.MaxValue, MayBeCompressed: encoding == Gzip.Name);
        PipeReader? body = isTrailersOnly ? null : PipeReader.Create(await http.Content.ReadAsStreamAsync(cancelled));
        return new CallResponse(http, body, limits);
    }

    /// <summary>The next message; false after the last.</summary>
    public async ValueTask<(bool IsThere, T? Message)> ReadAsync<T>(
        Marshaller<T> marshaller,
        ReadingContext context,
        CancellationToken cancelled)
    {
        while (_body is not null && !_isOver)
        {
            ReadResult read = await _body.ReadAsync(cancelled);
            if (MessageFrame.TryRead(read.Buffer, _limits, out MessageFrame frame))
            {
                T message = Deserialize(marshaller, context, frame);
                _body.AdvanceTo(frame.Payload.End);
                return (true, message);
            }

            if (read.IsCompleted)
            {
                if (!read.Buffer.IsEmpty)
                    throw new RpcException(new Status(StatusCode.Internal, "unexpected EOF"));
                _isOver = true;
                _body.Complete();
                break;
            }

            _body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        return (false, default);
    }

    /// <summary>Gives up what has not been read. The reader is left alone, as a read may be under way on it.</summary>
    public void Dispose() => _http.Dispose();

    private T Deserialize<T>(Marshaller<T> marshaller, ReadingContext context, in MessageFrame frame)
    {
        try
        {
            return context.Deserialize(marshaller, frame.IsCompressed
                ? new ReadOnlySequence<byte>(Gzip.Decompress(frame.Payload, _limits.ReceiveMaxBytes))
                : frame.Payload);
        }
        catch (Exception fault) when (fault is not RpcException)
        {
            throw new RpcException(new Status(
                StatusCode.Internal,
                $"grpc: failed to unmarshal the received message: {fault.Message}",
                fault));
        }
    }

    private static Status StatusOf(HttpResponseHeaders trailers)
    {
        string? code = First(trailers, "grpc-status");
        return code is null
            ? new Status(StatusCode.Internal, "server closed the stream without sending trailers")
            : new Status(StatusText.ToCode(code), StatusText.Decode(First(trailers, "grpc-message") ?? ""));
    }

    private static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.FirstOrDefault() : null;

    private static Metadata Read(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (MetadataText.IsReserved(name))
                continue;
            foreach (string value in values)
                MetadataText.Add(metadata, name, value);
        }

        return metadata;
    }
}
