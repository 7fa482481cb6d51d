using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>What a channel is made with.</summary>
public sealed class GrpcChannelOptions
{
    private const int ReceiveMaxBytesByDefault = 4 * 1024 * 1024;

    /// <summary>For addresses that begin with https. Without it the system's roots are trusted.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>The largest message taken; null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = ReceiveMaxBytesByDefault;

    /// <summary>The largest message sent; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>What makes the connections, if not a handler of the channel's own.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes of the handler it was given.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Whether a call that is given up throws <see cref="OperationCanceledException"/> in place of
    /// <see cref="RpcException"/>.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }
}
