using System.Buffers;
using Grpc.Core;
using Kv.Server.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Gateway;

/// <summary>What of a request's headers its call is to know: who calls, and what is written as metadata.</summary>
internal static class GatewayMetadata
{
    private const string Prefix = "Grpc-Metadata-";
    private const string Authorization = "authorization";
    private const string Timeout = "grpc-timeout";

    private static readonly SearchValues<char> Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_");

    // These are of the protocols, and not for callers to set.
    private static readonly string[] Reserved = ["content-type", "content-length", "te", "host", "date"];

    public static Metadata Of(IHeaderDictionary headers)
    {
        // As etcd's gateway says of itself: nobody's certificate speaks for whom it calls for.
        var metadata = new Metadata { { Gate.GatewayHeader, "1" } };
        foreach ((string name, StringValues values) in headers)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                Add(metadata, name[Prefix.Length..].ToLowerInvariant(), values);
            else if (name.Equals(Authorization, StringComparison.OrdinalIgnoreCase))
                Add(metadata, Authorization, values);
            else if (name.Equals(Timeout, StringComparison.OrdinalIgnoreCase))
                metadata.Add(Timeout, values.ToString());
        }

        return metadata;
    }

    private static void Add(Metadata metadata, string name, StringValues values)
    {
        bool isBinary = name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal);
        bool isReserved = name.StartsWith("grpc-", StringComparison.Ordinal) || Reserved.Contains(name);
        if (name.Length == 0 || isBinary || isReserved || name.AsSpan().ContainsAnyExcept(Letters))
            return;
        foreach (string? value in values)
            metadata.Add(name, value ?? "");
    }
}
