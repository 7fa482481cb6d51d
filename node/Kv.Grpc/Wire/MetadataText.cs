using Grpc.Core;

namespace Kv.Grpc.Wire;

/// <summary>Metadata as HTTP headers: names in lower case, bytes in base64 without padding, and none of the names that
/// gRPC and HTTP keep for themselves.</summary>
internal static class MetadataText
{
    /// <summary>Whether a header is of the protocol and not of the application.</summary>
    public static bool IsReserved(string name) =>
        name.Length == 0
        || name[0] == ':'
        || (name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)
            && !name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        || name.Equals("content-type", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("te", StringComparison.OrdinalIgnoreCase)
        || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("date", StringComparison.OrdinalIgnoreCase);

    public static string ToText(Metadata.Entry entry) =>
        entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;

    /// <summary>Adds what a header says. A header of bytes may hold several values, joined by commas on the way.
    /// </summary>
    /// <exception cref="RpcException">A name ends in -bin but its value is not base64.</exception>
    public static void Add(Metadata metadata, string name, string value)
    {
        if (!Metadata.Entry.IsValidKey(name))
            return; // HTTP allows more letters than gRPC; such a header is not metadata

        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }

        foreach (string part in value.Split(','))
            metadata.Add(name, ToBytes(name, part.Trim()));
    }

    private static byte[] ToBytes(string name, string text)
    {
        string unpadded = text.TrimEnd('=');
        string padded = unpadded.PadRight((unpadded.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, bytes, out int length))
        {
            throw new RpcException(new Status(
                StatusCode.Internal,
                $"malformed binary metadata \"{text}\" in header \"{name}\""));
        }

        return bytes.AsSpan(0, length).ToArray();
    }
}
