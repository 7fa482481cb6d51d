using Grpc.Core;
using Grpc.Net.Client;

namespace Kv.Benchmarks.Loads;

/// <summary>Connections to the server, and calls whose messages stay bytes: what is measured is the server, so the
/// client does no more than it must.</summary>
public sealed class Connections : IDisposable
{
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    private readonly GrpcChannel[] _channels;
    private readonly CallInvoker[] _invokers;

    public Connections(LoadOptions options)
    {
        _channels = [.. Enumerable.Range(0, options.Connections).Select(index => Open(options, index))];
        _invokers = [.. _channels.Select(channel => channel.CreateCallInvoker())];
    }

    /// <summary>A method of etcdserverpb, such as "KV", "Put".</summary>
    public static Method<byte[], byte[]> Method(string service, string name, MethodType type = MethodType.Unary) =>
        new(type, "etcdserverpb." + service, name, Bytes, Bytes);

    /// <summary>The connection that the client of that number uses.</summary>
    public CallInvoker Of(int client) => _invokers[client % _invokers.Length];

    public void Dispose()
    {
        foreach (GrpcChannel channel in _channels)
            channel.Dispose();
    }

    private static GrpcChannel Open(LoadOptions options, int index)
    {
        string endpoint = options.Endpoints[index % options.Endpoints.Count];
        return GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions { MaxReceiveMessageSize = null });
    }
}
