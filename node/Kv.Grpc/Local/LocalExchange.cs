using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Grpc.Core;
using Kv.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc.Local;

/// <summary>What Kestrel would be between a caller and a method, for a call that needs no connection: two pipes, and
/// headers.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable",
    Justification = "A source without a timer holds nothing, and the method may ask for its token after the end.")]
internal sealed class LocalExchange
    : IRequestBodyPipeFeature, IHttpResponseBodyFeature, IHttpResponseTrailersFeature, IHttpRequestLifetimeFeature
{
    private static readonly PipeOptions Options = new(useSynchronizationContext: false);

    private readonly CancellationTokenSource _aborted = new();
    private readonly Pipe _requests = new(Options);
    private readonly Pipe _responses = new(Options);
    private readonly HttpResponseFeature _response = new();
    private readonly FeatureCollection _features = new();
    private bool _isBroken;

    public LocalExchange(string path, IHeaderDictionary headers, ITlsConnectionFeature? certificate)
    {
        RequestAborted = _aborted.Token;
        _features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = HttpMethods.Post,
            Path = path,
            Protocol = HttpProtocol.Http2,
            Headers = headers,
        });
        _features.Set<IHttpResponseFeature>(_response);
        _features.Set<IRequestBodyPipeFeature>(this);
        _features.Set<IHttpResponseBodyFeature>(this);
        _features.Set<IHttpResponseTrailersFeature>(this);
        _features.Set<IHttpRequestLifetimeFeature>(this);
        if (certificate is not null)
            _features.Set(certificate);
    }

    public CancellationToken RequestAborted { get; set; }

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    /// <summary>Where the caller puts its messages.</summary>
    public PipeWriter Requests => _requests.Writer;

    /// <summary>Where the caller finds the answers. Who owns the reading side must complete it.</summary>
    public PipeReader Responses => _responses.Reader;

    public Stream Stream => Writer.AsStream();

    public PipeWriter Writer => _responses.Writer;

    PipeReader IRequestBodyPipeFeature.Reader => _requests.Reader;

    /// <summary>How the call ended; to be asked after the last answer.</summary>
    public Status Outcome
    {
        get
        {
            var said = Trailers.GrpcStatus.Count > 0 ? Trailers : _response.Headers;
            return said.GrpcStatus.Count == 0
                ? new Status(StatusCode.Internal, "the call ended without a status")
                : new Status(
                    StatusText.ToCode(said.GrpcStatus.ToString()),
                    StatusText.Decode(said.GrpcMessage.ToString()));
        }
    }

    /// <summary>Lets the method answer, to its end. Never throws.</summary>
    public async Task RunAsync(CallApplication application)
    {
        GrpcCall call = application.CreateContext(_features);
        try
        {
            await application.ProcessRequestAsync(call);
        }
        finally
        {
            application.DisposeContext(call, exception: null);
            await _requests.Reader.CompleteAsync();
            await Writer.CompleteAsync(_isBroken ? new IOException("The call was broken off.") : null);
        }
    }

    /// <summary>Tells the method that nobody waits for its answer any more, also if it waits for a message.</summary>
    public void GiveUp()
    {
        _aborted.Cancel();
        _requests.Reader.CancelPendingRead();
    }

    /// <summary>As the method asks for when it cannot end an answer that it has begun.</summary>
    public void Abort()
    {
        _isBroken = true;
        GiveUp();
    }

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CompleteAsync() => Writer.CompleteAsync().AsTask();

    public Task SendFileAsync(
        string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
