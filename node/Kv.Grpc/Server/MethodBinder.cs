using Grpc.Core;

namespace Kv.Grpc;

/// <summary>Is told the methods of services by the generated code, and keeps what will answer them.</summary>
internal sealed class MethodBinder(Action<string, Exception>? faulted) : ServiceBinderBase
{
    private readonly List<MethodEntry> _entries = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    public IReadOnlyList<MethodEntry> Entries => _entries;

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        UnaryServerMethod<TRequest, TResponse>? handler) =>
        Add(new UnaryEntry<TRequest, TResponse>(Describe(method), method, Given(handler), faulted));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(new ClientStreamingEntry<TRequest, TResponse>(Describe(method), method, Given(handler), faulted));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(new ServerStreamingEntry<TRequest, TResponse>(Describe(method), method, Given(handler), faulted));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method,
        DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(new DuplexStreamingEntry<TRequest, TResponse>(Describe(method), method, Given(handler), faulted));

    /// <summary>The later of two additions of a path that were made so is dropped: a raw method stands in for one of a
    /// whole service.</summary>
    public void AddRaw(string path, RawUnaryMethod answer)
    {
        int slash = path.LastIndexOf('/');
        if (slash <= 1 || path[0] != '/')
            throw new ArgumentException($"'{path}' is not of the form /package.Service/Method.", nameof(path));

        var method = new GrpcMethod(MethodType.Unary, path[1..slash], path[(slash + 1)..]);
        _entries.RemoveAll(entry => entry.Method.Path == path);
        _paths.Remove(path);
        Add(new RawUnaryEntry(method, answer, faulted));
    }

    private static GrpcMethod Describe(IMethod method) => new(method.Type, method.ServiceName, method.Name);

    private static T Given<T>(T? handler)
        where T : class => handler ?? throw new ArgumentNullException(nameof(handler));

    private void Add(MethodEntry entry)
    {
        if (_paths.Add(entry.Method.Path))
            _entries.Add(entry);
        else if (_entries.Find(other => other.Method.Path == entry.Method.Path) is not RawUnaryEntry)
            throw new ArgumentException($"The method {entry.Method.Path} was added twice.");
    }
}
