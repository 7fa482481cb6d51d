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
        Path = $"/{service}/{name}";
    }

    public MethodType Type { get; }

    public string Service { get; }

    public string Name { get; }

    public string Path { get; }

    public CallCounts Counts { get; } = new();
}
