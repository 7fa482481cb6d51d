using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Kv.Grpc.Client;
using Kv.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc.Local;

/// <summary>The caller's side of a call without a connection. A call that is given up, by its token or by disposing of
/// it, ends with an <see cref="OperationCanceledException"/>; every other bad end is an
/// <see cref="RpcException"/>.</summary>
internal sealed class LocalCall<TRequest, TResponse>
    : IAsyncStreamReader<TResponse>, IClientStreamWriter<TRequest>, IDisposable
    where TRequest : class
    where TResponse : class
{
    private readonly Method<TRequest, TResponse> _method;
    private readonly LocalExchange _exchange;
    private readonly CancellationToken _given;
    private readonly CancellationTokenRegistration _giveUp;
    private readonly ReadingContext _reading = new();
    private TResponse? _current;
    private bool _isOver;

    public LocalCall(Method<TRequest, TResponse> method, in CallOptions options, ITlsConnectionFeature? certificate)
    {
        _method = method;
        _exchange = new LocalExchange(method.FullName, HeadersOf(options), certificate);
        _given = options.CancellationToken;
        _giveUp = _given.UnsafeRegister(static exchange => ((LocalExchange)exchange!).GiveUp(), _exchange);
    }

    public TResponse Current => _current ?? throw new InvalidOperationException("No current element is available.");

    public WriteOptions? WriteOptions { get; set; }

    public Status Status => _isOver
        ? _exchange.Outcome
        : throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    /// <summary>Begins with the only message there is.</summary>
    public void StartSingle(CallApplication application, TRequest request)
    {
        _exchange.Requests.Write(Frame(request).Span);
        _exchange.Requests.Complete();
        Start(application);
    }

    public void Start(CallApplication application) => _ = _exchange.RunAsync(application);

    /// <summary>The one answer of a call that has one.</summary>
    public async Task<TResponse> ReadOnlyAsync()
    {
        using (this)
        {
            TResponse? answer = await MoveNext(CancellationToken.None) ? Current : null;
            if (answer is null || await MoveNext(CancellationToken.None))
                throw new RpcException(new Status(StatusCode.Internal, "cardinality violation: not one response"));
            return answer;
        }
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(
            static exchange => ((LocalExchange)exchange!).GiveUp(), _exchange);
        while (!_isOver)
        {
            ReadResult read;
            try
            {
                read = await _exchange.Responses.ReadAsync(_exchange.RequestAborted);
            }
            catch (IOException broken)
            {
                End();
                throw new RpcException(new Status(StatusCode.Internal, broken.Message));
            }
            catch (OperationCanceledException)
            {
                End();
                cancellationToken.ThrowIfCancellationRequested();
                _given.ThrowIfCancellationRequested();
                throw;
            }

            if (MessageFrame.TryRead(read.Buffer, Unlimited, out MessageFrame frame))
            {
                _current = _reading.Deserialize(_method.ResponseMarshaller, frame.Payload);
                _exchange.Responses.AdvanceTo(frame.Payload.End);
                return true;
            }

            _exchange.Responses.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                End();
        }

        _current = null;
        Status outcome = _exchange.Outcome;
        return outcome.StatusCode == StatusCode.OK ? false : throw new RpcException(outcome);
    }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    /// <summary>Completes when the method has room for more. What a method no longer reads is dropped: its answer says
    /// why.</summary>
    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(
            static exchange => ((LocalExchange)exchange!).GiveUp(), _exchange);
        await _exchange.Requests.WriteAsync(Frame(message), _exchange.RequestAborted);
    }

    public Task CompleteAsync() => _exchange.Requests.CompleteAsync().AsTask();

    /// <summary>Gives the call up if it goes on. Nobody may be reading an answer.</summary>
    public void Dispose()
    {
        _giveUp.Dispose();
        if (_isOver)
            return;
        _exchange.GiveUp();
        End();
    }

    private static MessageLimits Unlimited => new(int.MaxValue, MayBeCompressed: false);

    private static IHeaderDictionary HeadersOf(in CallOptions options)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        headers.ContentType = "application/grpc";
        foreach (Metadata.Entry entry in options.Headers ?? [])
            headers.Append(entry.Key, MetadataText.ToText(entry));
        if (options.Deadline is { } deadline && deadline != DateTime.MaxValue)
            headers.GrpcTimeout = TimeoutText.Format(deadline - TimeProvider.System.GetUtcNow().UtcDateTime);
        return headers;
    }

    private ReadOnlyMemory<byte> Frame(TRequest message) =>
        ClientFrame.Of(_method.RequestMarshaller, message, compresses: false, maxBytes: null);

    // Completing the reader lets go of a method that waits for room.
    private void End()
    {
        _isOver = true;
        _exchange.Responses.Complete();
    }
}
