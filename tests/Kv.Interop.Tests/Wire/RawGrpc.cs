using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Kv.Interop.Tests.Wire;

/// <summary>gRPC by hand on a plain HTTP/2 client. The judge shares no code with what it judges, and may send what no
/// decent client sends.
/// <code>
/// | 0 | length (4, big-endian) | message ... |   one frame; the answer ends with grpc-status in the trailers
/// </code></summary>
public sealed class RawGrpc(Uri node) : IDisposable
{
    private const int FrameHeaderBytes = 5;

    private static readonly TimeSpan CallMax = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true })
    {
        BaseAddress = node,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>A call whose requests are all known: sends them, half-closes, and reads the answer to its end, or so
    /// many messages of one that goes on.</summary>
    public async Task<RawAnswer> CallAsync(
        string method,
        IEnumerable<byte[]> requests,
        IReadOnlyDictionary<string, string>? metadata = null,
        int messagesMax = int.MaxValue)
    {
        using var ending = new CancellationTokenSource(CallMax);
        byte[] body = [.. requests.SelectMany(Frame)];
        using HttpRequestMessage request = Request(method, new ByteArrayContent(body), metadata);
        using HttpResponseMessage response =
            await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ending.Token);
        await using Stream stream = await response.Content.ReadAsStreamAsync(ending.Token);
        List<byte[]> messages = [];
        while (messages.Count < messagesMax && await ReadFrameAsync(stream, ending.Token) is { } message)
            messages.Add(message);
        return messages.Count < messagesMax ? Ended(response, messages) : new RawAnswer(0, "", messages);
    }

    /// <summary>Opens a call on which both sides go on talking. It comes back before the server has said
    /// anything.</summary>
    public RawStream Open(string method, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var body = new OpenContent();
        HttpRequestMessage request = Request(method, body, metadata);
        return new RawStream(_client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead), body);
    }

    public void Dispose() => _client.Dispose();

    public static byte[] Frame(byte[] message)
    {
        byte[] frame = new byte[FrameHeaderBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, FrameHeaderBytes);
        return frame;
    }

    /// <summary>The next message, or null at the end of the stream.</summary>
    public static async Task<byte[]?> ReadFrameAsync(Stream stream, CancellationToken cancelled)
    {
        byte[] header = new byte[FrameHeaderBytes];
        int read = await stream.ReadAtLeastAsync(header, FrameHeaderBytes, throwOnEndOfStream: false, cancelled);
        if (read < FrameHeaderBytes)
            return null;

        byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1))];
        await stream.ReadExactlyAsync(message, cancelled);
        return message;
    }

    /// <summary>The end of a call whose body has been read. A call refused at once has it in the headers.</summary>
    public static RawAnswer Ended(HttpResponseMessage response, IReadOnlyList<byte[]> messages)
    {
        string? code = Header(response.TrailingHeaders, "grpc-status") ?? Header(response.Headers, "grpc-status");
        string? detail = Header(response.TrailingHeaders, "grpc-message") ?? Header(response.Headers, "grpc-message");
        return code is null
            ? new RawAnswer(-1, $"no grpc-status, HTTP {(int)response.StatusCode}", messages)
            : new RawAnswer(
                int.Parse(code, CultureInfo.InvariantCulture),
                Uri.UnescapeDataString(detail ?? ""),
                messages);
    }

    private static string? Header(HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    private static HttpRequestMessage Request(
        string method,
        HttpContent body,
        IReadOnlyDictionary<string, string>? metadata)
    {
        body.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach ((string name, string value) in metadata ?? new Dictionary<string, string>())
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}
