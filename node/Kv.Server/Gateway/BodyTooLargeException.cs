namespace Kv.Server.Gateway;

/// <summary>A request is longer than may be.</summary>
internal sealed class BodyTooLargeException(int bytesMax)
    : Exception($"the JSON of a request is longer than {bytesMax} bytes");
