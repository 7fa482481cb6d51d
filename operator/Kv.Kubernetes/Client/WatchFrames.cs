using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Client;

/// <summary>Reads the answer to a watch: one JSON object to a line, of any length.
/// <code>
/// {"type":"ADDED","object":{...}}\n
/// {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12746"}}}\n
/// {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n
/// </code></summary>
internal static class WatchFrames
{
    /// <summary>Many times what etcd lets an object have.</summary>
    private const int FrameBytesMax = 64 << 20;

    /// <param name="idle">How long to wait for a byte, given to the reader anew before each.</param>
    /// <exception cref="KubernetesException">The server ended the watch with an error.</exception>
    /// <exception cref="IOException">The connection was cut, or what came is not a watch.</exception>
    public static async IAsyncEnumerable<(WatchEventType Type, T Entity)> ReadAsync<T>(
        Stream stream,
        string request,
        IdleLimit idle,
        [EnumeratorCancellation] CancellationToken cancelled)
        where T : class
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
        try
        {
            for (bool isOver = false; !isOver;)
            {
                var read = await idle.WatchAsync(pipe, cancelled);
                var left = read.Buffer;
                isOver = read.IsCompleted;
                while (TryTakeLine(ref left, isOver, out var line))
                {
                    if (Parse<T>(line, request) is { } happened)
                        yield return happened;
                }

                if (left.Length > FrameBytesMax)
                    throw new IOException($"{request}: an event of more than {FrameBytesMax} bytes.");
                pipe.AdvanceTo(left.Start, left.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> left, bool isOver, out ReadOnlySequence<byte> line)
    {
        if (left.PositionOf((byte)'\n') is { } end)
        {
            line = left.Slice(0, end);
            left = left.Slice(left.GetPosition(1, end));
            return true;
        }

        // What stands at the end without a newline was cut off, or a server does not write one: parsing will tell.
        line = left;
        if (isOver)
            left = left.Slice(left.End);
        return isOver && line.Length > 0;
    }

    private static (WatchEventType, T)? Parse<T>(ReadOnlySequence<byte> line, string request)
        where T : class
    {
        try
        {
            if (!TryFindParts(line, out string? type, out var body))
                return null;

            return type switch
            {
                "ADDED" => (WatchEventType.Added, Read<T>(body)),
                "MODIFIED" => (WatchEventType.Modified, Read<T>(body)),
                "DELETED" => (WatchEventType.Deleted, Read<T>(body)),
                "BOOKMARK" => (WatchEventType.Bookmark, Read<T>(body)),
                "ERROR" => throw new KubernetesException(Read<V1Status>(body), request),
                _ => throw new IOException($"{request}: an event of the unknown type '{type}'."),
            };
        }
        catch (JsonException wrong)
        {
            throw new IOException($"{request}: an event was cut off or is not JSON: {wrong.Message}", wrong);
        }
    }

    /// <returns>False for an empty line.</returns>
    private static bool TryFindParts(
        ReadOnlySequence<byte> line,
        [NotNullWhen(true)] out string? type,
        out ReadOnlySequence<byte> body)
    {
        type = null;
        body = default;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = KubernetesJson.Options.MaxDepth });
        if (line.Length == 0 || !reader.Read())
            return false;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("type"u8);
            bool isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            long start = reader.TokenStartIndex;
            if (isType)
                type = reader.GetString();
            reader.Skip();
            if (isObject)
                body = line.Slice(start, reader.BytesConsumed - start);
        }

        if (type is null || body.Length == 0)
            throw new JsonException("neither a type nor an object");
        return true;
    }

    private static T Read<T>(ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = KubernetesJson.Options.MaxDepth });
        return JsonSerializer.Deserialize<T>(ref reader, KubernetesJson.Options) ?? throw new JsonException("null");
    }
}
