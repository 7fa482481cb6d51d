using System.Net.Http.Headers;

namespace Kv.Grpc.Client;

internal static class GrpcMediaType
{
    private const string Name = "application/grpc";

    /// <summary>One for all requests; nothing changes it.</summary>
    public static readonly MediaTypeHeaderValue Value = new(Name);

    public static bool Is(MediaTypeHeaderValue? type) =>
        type?.MediaType is { } name
        && name.StartsWith(Name, StringComparison.OrdinalIgnoreCase)
        && (name.Length == Name.Length || name[Name.Length] == '+');
}
