using Grpc.Core;

namespace Kv.Grpc;

/// <summary>A method that a server answers, and what has happened to it.</summary>
public sealed class GrpcMethod
{
    internal GrpcMethod(MethodType type, string service, string name)
    {
        Type = type;
        Service = service;
        Name = name;
        FullName = $"{service}/{name}";
        Path = $"/{FullName}";
    }

    public MethodType Type { get; }

    public string Service { get; }

    public string Name { get; }

    /// <summary><c>package.Service/Method</c>.</summary>
    public string FullName { get; }

    public string Path { get; }

    /// <summary>Whether its calls are never refused for load.</summary>
    public bool IsFirstInLine { get; internal set; }

    public CallCounts Counts { get; } = new();
}
