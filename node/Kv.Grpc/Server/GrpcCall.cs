using System.Buffers;
using System.Diagnostics;
using Grpc.Core;
using Kv.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Kv.Grpc;

/// <summary>One call being answered. Unary calls share these objects one after another: what a method keeps of one
/// beyond its end belongs to another call.</summary>
public sealed class GrpcCall : ServerCallContext
{
    // What Kestrel keeps of a stream whose client takes nothing.
    private const int LargeReplyBytes = 64 * 1024;

    private static readonly StringValues ContentType = "application/grpc";

    private readonly CallCancellation _cancellation = new();
    private readonly ReadingContext _reading = new();
    private GrpcMethod? _method;
    private ICallObserver? _observer;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Status _status;
    private WriteOptions? _writeOptions;

    internal GrpcCall()
    {
    }

    /// <summary>Whether the client has set a time by which it wants the answer.</summary>
    public bool HasDeadline => _cancellation.HasDeadline;

    /// <summary>What is called.</summary>
    public GrpcMethod Called => _method!;

    /// <summary>When the call began, as a timestamp of <see cref="Stopwatch"/>; 0 unless somebody observes
    /// calls.</summary>
    public long BegunAt { get; private set; }

    /// <summary>When the work for the call was done, if its method knows: then its observer need not look at the clock.
    /// A method says it before it answers.</summary>
    public long DoneAt { get; set; }

    /// <summary>The span of the call, if its observer has begun one.</summary>
    public Activity? Span { get; set; }

    /// <summary>Bytes of the messages taken so far.</summary>
    public long ReceivedBytes { get; private set; }

    /// <summary>Bytes of the messages given so far.</summary>
    public long SentBytes { get; private set; }

    internal CallTransport Transport { get; } = new();

    internal RequestReader Requests { get; } = new();

    internal MessageWriter Reply { get; } = new();

    internal CallShare Share { get; } = new();

    /// <summary>Whether the reply is so large that its client is to take most of it before the call ends: else it would
    /// take memory that nobody counts.</summary>
    internal bool IsReplyLarge { get; private set; }

    protected override string MethodCore => Transport.Request.Path;

    protected override string HostCore => Transport.Request.Headers.Host.ToString();

    protected override string PeerCore => CallPeer.Name(Transport.Features!);

    protected override DateTime DeadlineCore => _cancellation.Deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= CallHeaders.Read(Transport.Request.Headers);

    protected override CancellationToken CancellationTokenCore => _cancellation.Token(Transport);

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore
    {
        get => _writeOptions;
        set => _writeOptions = value;
    }

    protected override AuthContext AuthContextCore => Transport.Peer;

    /// <summary>Looks one header up without making metadata of all of them.</summary>
    public bool TryGetHeader(string name, out StringValues value) =>
        Transport.Request.Headers.TryGetValue(name, out value);

    /// <summary>Readies the call for its method. False: its headers are refused, and the call has ended.</summary>
    internal bool TryBegin(GrpcMethod method, GrpcServerOptions options)
    {
        _method = method;
        _observer = options.Observer;
        BegunAt = _observer is null ? 0 : Stopwatch.GetTimestamp();
        DoneAt = 0;
        Span = null;
        ReceivedBytes = 0;
        SentBytes = 0;
        _requestHeaders = null;
        _responseTrailers = null;
        _status = default;
        _writeOptions = null;
        method.Counts.CountStarted();

        IHeaderDictionary headers = Transport.Request.Headers;
        Transport.Response.Headers.ContentType = ContentType;
        Reply.Start(Transport.ResponseBody.Writer, compresses: false);
        _cancellation.Begin(timeout: null);

        StringValues timeout = headers.GrpcTimeout;
        if (timeout.Count != 0)
        {
            if (!TimeoutText.TryParse(timeout.ToString(), out TimeSpan given))
            {
                Transport.Response.StatusCode = StatusCodes.Status400BadRequest;
                End(new Status(StatusCode.Internal, $"malformed grpc-timeout: {timeout}"));
                return false;
            }

            _cancellation.Begin(given);
        }

        bool isGzip = false;
        StringValues encoding = headers.GrpcEncoding;
        if (encoding.Count != 0 && !TryUseEncoding(encoding.ToString(), out isGzip))
            return false;

        Requests.Start(
            Transport.RequestBody.Reader, new MessageLimits(options.ReceiveMaxBytes, isGzip), options.Budget, Share);
        if (_observer?.OnBegun(this) is not { } wish || wish.StatusCode == StatusCode.OK)
            return true;
        End(wish);
        return false;
    }

    /// <summary>Counts memory that the call is about to take for its answer, until that has left. False: there is no
    /// room for it, and the call is to be refused.</summary>
    public bool TryHold(long bytes) => Share.TryHold(bytes);

    internal T Deserialize<T>(Marshaller<T> marshaller, in ReadOnlySequence<byte> payload, string problem)
    {
        CountReceived(payload.Length);
        try
        {
            return _reading.Deserialize(marshaller, payload);
        }
        catch (Exception fault) when (fault is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"{problem}: {fault.Message}"));
        }
    }

    internal void CountReceived(long bytes)
    {
        ReceivedBytes += bytes;
        _method!.Counts.CountReceived(bytes);
    }

    /// <summary>Ends the message in <see cref="Reply"/>; it leaves with the next flush.</summary>
    internal void FinishReply()
    {
        bool isAllHere = !Reply.IsDeclared;
        long bytes = Reply.Finish();
        IsReplyLarge = isAllHere && bytes > LargeReplyBytes;
        SentBytes += bytes;
        _method!.Counts.CountSent(bytes);
    }

    /// <summary>Ends the call; what there is of a reply that was not finished is dropped.</summary>
    internal void Finish(in Status status)
    {
        if (Reply.TryAbandon())
        {
            End(status);
        }
        else
        {
            Transport.Reset();
            Close(status.StatusCode);
        }
    }

    /// <summary>Ends the call as an exception asks.</summary>
    /// <returns>The exception, if it is nobody's answer but a fault of the method.</returns>
    internal Exception? Fail(Exception fault)
    {
        bool isAnswer = TryTell(fault, out Status status);
        if (fault is RpcException { Trailers.Count: > 0 } thrown)
        {
            foreach (Metadata.Entry entry in thrown.Trailers)
                ResponseTrailers.Add(entry);
        }

        Finish(status);
        return isAnswer ? null : fault;
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        CallHeaders.Write(responseHeaders, Transport.Response.Headers);
        await Transport.ResponseBody.StartAsync();
        await Transport.ResponseBody.Writer.FlushAsync();
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        CallPropagationToken.Instance;

    /// <summary>Says how the call ended: in trailers, or in the headers if nothing else has been sent.</summary>
    private void End(in Status status)
    {
        IHeaderDictionary target = Reply.HasSent || Transport.Response.HasStarted
            ? Transport.Trailers!.Trailers
            : Transport.Response.Headers;
        target.GrpcStatus = StatusText.OfCode(status.StatusCode);
        string detail = status.Detail;
        if (detail.Length != 0)
            target.GrpcMessage = StatusText.Encode(detail);
        if (_responseTrailers is not null)
            CallHeaders.Write(_responseTrailers, target);

        Close(status.StatusCode);
    }

    private void Close(StatusCode code)
    {
        _cancellation.End();
        _method!.Counts.CountHandled(code);
        _observer?.OnEnded(this, code);
    }

    private bool TryTell(Exception fault, out Status status)
    {
        status = fault switch
        {
            RpcException thrown => thrown.Status,
            BadHttpRequestException bad => new Status(StatusCode.Internal, bad.Message),
            _ when _cancellation.IsDeadlineOver =>
                new Status(StatusCode.DeadlineExceeded, "context deadline exceeded"),
            OperationCanceledException => new Status(StatusCode.Cancelled, "context canceled"),
            _ => new Status(StatusCode.Unknown, "Exception was thrown by handler."),
        };
        return status.StatusCode != StatusCode.Unknown || fault is RpcException;
    }

    private bool TryUseEncoding(string name, out bool isGzip)
    {
        isGzip = name == Gzip.Name;
        if (isGzip)
        {
            // Who sends gzip is answered in gzip, as gRPC for Go does.
            Transport.Response.Headers.GrpcEncoding = Gzip.Name;
            Reply.Start(Transport.ResponseBody.Writer, compresses: true);
            return true;
        }

        if (name is "identity" or "")
            return true;
        Transport.Response.Headers.GrpcAcceptEncoding = Gzip.Name;
        End(new Status(
            StatusCode.Unimplemented,
            $"grpc: Decompressor is not installed for grpc-encoding \"{name}\""));
        return false;
    }
}
