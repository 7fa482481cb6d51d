using Grpc.Core;
using Kv.Grpc.Client;

namespace Grpc.Net.Client;

/// <summary>Connections to a server, or to any of several that answer alike: calls go to them in turn, past those that
/// cannot be reached. Connections are made when calls need them and are shared by all clients of the channel.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly CancellationTokenSource _closed = new();

    private GrpcChannel(IReadOnlyList<Uri> addresses, GrpcChannelOptions options)
        : base(string.Join(',', addresses.Select(address => address.Authority)))
    {
        Options = options;
        Security = ChannelSecurity.Of(options.Credentials);
        _http = new HttpMessageInvoker(
            options.HttpHandler ?? Security.CreateHandler(),
            disposeHandler: options.HttpHandler is null || options.DisposeHttpClient);
        EndPoints = new EndPointPool(addresses, _http);
    }

    /// <summary>Fires when the channel is disposed of, and ends the calls under way.</summary>
    internal CancellationToken Closed => _closed.Token;

    internal GrpcChannelOptions Options { get; }

    internal ChannelSecurity Security { get; }

    internal EndPointPool EndPoints { get; }

    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) =>
        ForAddresses([address], channelOptions);

    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return new GrpcChannel([address], channelOptions);
    }

    /// <summary>A channel to several servers. Not of gRPC for .NET's shape, which wants a resolver for this.</summary>
    public static GrpcChannel ForAddresses(IEnumerable<string> addresses, GrpcChannelOptions? channelOptions = null)
    {
        Uri[] given = [.. addresses.Select(address => new Uri(address))];
        if (given.Length == 0)
            throw new ArgumentException("There is no address.", nameof(addresses));
        return new GrpcChannel(given, channelOptions ?? new GrpcChannelOptions());
    }

    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    public void Dispose()
    {
        if (_closed.IsCancellationRequested)
            return;
        _closed.Cancel(); // and never disposed of: calls still ask for its token
        _http.Dispose();
    }

    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
