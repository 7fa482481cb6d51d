using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc.Wire;

namespace Kv.Grpc.Client;

/// <summary>One call from its first header to its status. Whatever ends it, be it the server, the connection, the
/// deadline or the caller, the first to do so decides the status, and everything that waits fails with that.</summary>
internal sealed class ClientCall<TRequest, TResponse> : IAsyncStreamReader<TResponse>, IDisposable
    where TRequest : class
    where TResponse : class
{
    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallRequest _request;
    private readonly CallLifetime _lifetime;
    private readonly ReadingContext _reading = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StreamingContent? _streaming;
    private Task<CallResponse> _response = null!;
    private CallResponse? _opened;
    private TResponse? _current;

    public ClientCall(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        _channel = channel;
        _method = method;
        _request = new CallRequest(channel, method.FullName, host, options);
        _lifetime = new CallLifetime(options, channel.Options.ThrowOperationCanceledOnCancellation, channel.Closed);
    }

    public Task<Metadata> ResponseHeaders => _headers.Task;

    public Status Status => _lifetime.Outcome?.Status
        ?? throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    public Metadata Trailers => _lifetime.Outcome?.Trailers
        ?? throw new InvalidOperationException("Can't get the call trailers because the call has not completed.");

    public TResponse Current => _current ?? throw new InvalidOperationException("No current element is available.");

    public void StartSingle(TRequest request)
    {
        ReadOnlyMemory<byte>? frame = null;
        Start(() => new SingleContent(frame ??= Frame(request, compresses: true)));
    }

    public ClientRequestStream<TRequest, TResponse> StartStreaming()
    {
        _streaming = new StreamingContent();
        Start(() => _streaming);
        return new ClientRequestStream<TRequest, TResponse>(this, _streaming);
    }

    public ReadOnlyMemory<byte> Frame(TRequest message, bool compresses) => ClientFrame.Of(
        _method.RequestMarshaller,
        message,
        compresses && _request.Compresses,
        _channel.Options.MaxSendMessageSize);

    /// <summary>The one message of a call whose server sends one.</summary>
    public async Task<TResponse> ReadOnlyAsync()
    {
        (bool isThere, TResponse? message) = await ReadAsync(CancellationToken.None);
        if (isThere && (await ReadAsync(CancellationToken.None)).IsThere)
        {
            throw Fail(new RpcException(new Status(
                StatusCode.Internal,
                "cardinality violation: received more than one response message for a call that takes one")));
        }

        if (message is null)
        {
            // The call ended well and yet without an answer; the status it ended with cannot say so any more.
            throw new RpcException(
                new Status(StatusCode.Internal, "cardinality violation: received no response message"),
                Trailers);
        }

        return message;
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        (bool isThere, _current) = await ReadAsync(cancellationToken);
        return isThere;
    }

    /// <summary>Why a message could not be sent. It does not end the call: a server that ends it early may stop the
    /// sending side first, and its status is then still to be read.</summary>
    public Exception FailedWrite(Exception fault) => _lifetime.Outcome switch
    {
        null => new RpcException(_lifetime.Judge(fault)),
        { Status.StatusCode: StatusCode.OK } =>
            new InvalidOperationException("Can't write the message because the call is complete."),
        _ => _lifetime.ToException(),
    };

    public void Dispose()
    {
        if (_lifetime.TryEnd(new Status(StatusCode.Cancelled, "gRPC call disposed."), []))
            Close();
    }

    private void Start(Func<HttpContent> content)
    {
        _response = SendAsync(content);

        // Nobody need look at these if the call fails: the same failure is found where the caller does look.
        _response.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        _headers.Task.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever fails becomes the status of this call.")]
    private async Task<CallResponse> SendAsync(Func<HttpContent> content)
    {
        CancellationToken given = _lifetime.GivenUp;
        HttpResponseMessage? http = null;
        try
        {
            await _request.PrepareAsync(given);
            http = await _channel.EndPoints.SendAsync(
                address => _request.Make(address, content(), _lifetime.Remaining),
                _request.Path,
                _lifetime.WaitsForReady,
                given);
            CallResponse response = await CallResponse.OpenAsync(
                http,
                _channel.Options.MaxReceiveMessageSize,
                given);
            Volatile.Write(ref _opened, response);
            Interlocked.MemoryBarrier();
            given.ThrowIfCancellationRequested(); // or else Close has not seen it and will not dispose of it
            _headers.TrySetResult(response.Headers);
            return response;
        }
        catch (Exception fault)
        {
            http?.Dispose();
            throw Fail(fault);
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Top of a call: whatever fails becomes the status of this call.")]
    private async ValueTask<(bool IsThere, TResponse? Message)> ReadAsync(CancellationToken cancelled)
    {
        using CancellationTokenRegistration giveUp = cancelled.UnsafeRegister(
            static lifetime => ((CallLifetime)lifetime!).GiveUp(),
            _lifetime);
        CallResponse response = await _response;
        (bool IsThere, TResponse? Message) read;
        try
        {
            read = await response.ReadAsync(_method.ResponseMarshaller, _reading, _lifetime.GivenUp);
        }
        catch (Exception fault)
        {
            throw Fail(fault);
        }

        if (read.IsThere)
            return read;
        (Status status, Metadata trailers) = response.Outcome;
        if (_lifetime.TryEnd(status, trailers))
            Close();
        Status final = Status;
        return final.StatusCode == StatusCode.OK ? read : throw _lifetime.ToException();
    }

    private Exception Fail(Exception fault)
    {
        if (_lifetime.TryEnd(_lifetime.Judge(fault), (fault as RpcException)?.Trailers ?? []))
            Close();
        return _lifetime.ToException();
    }

    private void Close()
    {
        _streaming?.Abandon();
        _lifetime.Dispose();
        _headers.TrySetException(_lifetime.ToException());
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _opened)?.Dispose();
    }
}
