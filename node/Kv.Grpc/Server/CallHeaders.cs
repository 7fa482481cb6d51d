using Grpc.Core;
using Kv.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Kv.Grpc;

/// <summary>Metadata from and to Kestrel's headers.</summary>
internal static class CallHeaders
{
    public static Metadata Read(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach ((string name, StringValues values) in headers)
        {
            if (MetadataText.IsReserved(name))
                continue;
            foreach (string? value in values)
                MetadataText.Add(metadata, name, value ?? "");
        }

        return metadata;
    }

    public static void Write(Metadata metadata, IHeaderDictionary headers)
    {
        foreach (Metadata.Entry entry in metadata)
            headers.Append(entry.Key, MetadataText.ToText(entry));
    }
}
