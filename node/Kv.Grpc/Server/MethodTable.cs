using System.Collections.Frozen;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>The methods of a server by their paths; fixed when it starts.</summary>
internal sealed class MethodTable
{
    private readonly FrozenDictionary<string, MethodEntry> _byPath;
    private readonly FrozenSet<string> _services;

    public MethodTable(IEnumerable<MethodEntry> entries)
    {
        _byPath = entries.ToFrozenDictionary(entry => entry.Method.Path, StringComparer.Ordinal);
        _services = _byPath.Values.Select(entry => entry.Method.Service).ToFrozenSet(StringComparer.Ordinal);
    }

    public MethodEntry? Find(string path) => _byPath.GetValueOrDefault(path);

    /// <summary>Why there is no such method, in the words of gRPC for Go.</summary>
    public Status Missing(string path)
    {
        int slash = path.LastIndexOf('/');
        if (slash <= 0)
            return new Status(StatusCode.Unimplemented, $"malformed method name: \"{path}\"");
        string service = path[1..slash];
        string name = path[(slash + 1)..];
        return new Status(StatusCode.Unimplemented, _services.Contains(service)
            ? $"unknown method {name} for service {service}"
            : $"unknown service {service}");
    }
}
