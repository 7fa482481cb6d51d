using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc.Wire;

namespace Kv.Grpc.Client;

/// <summary>The HTTP request that a call begins with. It is made anew for each server that is tried.</summary>
internal sealed class CallRequest(GrpcChannel channel, string path, string? host, CallOptions options)
{
    /// <summary>Metadata by which a caller asks for its messages to be compressed.</summary>
    private const string CompressionRequest = "grpc-internal-encoding-request";

    private Metadata? _credentials;

    public string Path => path;

    public bool Compresses { get; } =
        options.Headers?.GetValue(CompressionRequest) == Gzip.Name;

    /// <summary>Asks the credentials, of the channel and of the call, for what they add.</summary>
    public async Task PrepareAsync(CancellationToken cancelled)
    {
        IReadOnlyList<AsyncAuthInterceptor> interceptors = channel.Security.Interceptors;
        if (options.Credentials is not null)
            interceptors = [.. interceptors, .. ChannelSecurity.InterceptorsOf(options.Credentials)];
        if (interceptors.Count == 0)
            return;

        _credentials = [];
        string[] parts = path.Split('/');
        var context = new AuthInterceptorContext($"https://{channel.Target}/{parts[1]}", parts[^1], cancelled);
        foreach (AsyncAuthInterceptor interceptor in interceptors)
            await interceptor(context, _credentials);
    }

    public HttpRequestMessage Make(Uri address, HttpContent content, TimeSpan? timeout)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "grpc-dotnet-kv/1.0");
        request.Headers.TryAddWithoutValidation("grpc-accept-encoding", "identity,gzip");
        if (host is not null)
            request.Headers.Host = host;
        if (timeout is { } left)
            request.Headers.TryAddWithoutValidation("grpc-timeout", TimeoutText.Format(left));
        if (Compresses)
            request.Headers.TryAddWithoutValidation("grpc-encoding", Gzip.Name);
        Add(request, options.Headers);
        Add(request, _credentials);
        return request;
    }

    private static void Add(HttpRequestMessage request, Metadata? metadata)
    {
        if (metadata is null)
            return;
        foreach (Metadata.Entry entry in metadata)
        {
            if (entry.Key != CompressionRequest)
                request.Headers.TryAddWithoutValidation(entry.Key, MetadataText.ToText(entry));
        }
    }
}
