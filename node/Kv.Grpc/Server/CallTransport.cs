using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Grpc;

/// <summary>The sides of one HTTP exchange that a call uses. Kestrel reuses its stream objects, and a stream implements
/// these interfaces itself, so they are looked up once for each stream and not for each call.</summary>
internal sealed class CallTransport
{
    private AuthContext? _peer;

    public IFeatureCollection? Features { get; private set; }

    /// <summary>What the client's certificate says; a stream never moves to another connection.</summary>
    public AuthContext Peer => _peer ??= CallPeer.Authenticated(Features!);

    /// <summary>What its connection's calls hold; none of a call without a connection.</summary>
    public ConnectionLoad? Load { get; private set; }

    public IHttpRequestFeature Request { get; private set; } = null!;

    public IRequestBodyPipeFeature RequestBody { get; private set; } = null!;

    public IHttpResponseFeature Response { get; private set; } = null!;

    public IHttpResponseBodyFeature ResponseBody { get; private set; } = null!;

    public IHttpResponseTrailersFeature? Trailers { get; private set; }

    public IHttpRequestLifetimeFeature Lifetime { get; private set; } = null!;

    public void Bind(IFeatureCollection features)
    {
        if (ReferenceEquals(features, Features))
            return;

        Features = features;
        _peer = null;
        Load = features.Get<ConnectionLoad>();
        Request = features.GetRequiredFeature<IHttpRequestFeature>();
        RequestBody = features.GetRequiredFeature<IRequestBodyPipeFeature>();
        Response = features.GetRequiredFeature<IHttpResponseFeature>();
        ResponseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        Trailers = features.Get<IHttpResponseTrailersFeature>();
        Lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
    }

    /// <summary>Ends the stream without an end: the client sees RST_STREAM.</summary>
    public void Reset()
    {
        const int InternalError = 2;
        if (Features!.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(InternalError);
        else
            Lifetime.Abort();
    }
}
