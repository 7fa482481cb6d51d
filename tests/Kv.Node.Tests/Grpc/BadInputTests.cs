using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>What a client may get wrong, and what it is told.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private const string Echo = "/kv.test.Notes/Echo";

    private readonly HttpClient _http = new();
    private NotesServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await NotesServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    public static TheoryData<string, string, byte[], StatusCode, string> Bodies => new()
    {
        { "nothing", Echo, [], StatusCode.Internal, "cardinality violation: received no request message" },
        { "half a prefix", Echo, [0, 0, 0], StatusCode.Internal, "unexpected EOF" },
        { "half a message", Echo, [0, 0, 0, 0, 9, 8, 8], StatusCode.Internal, "unexpected EOF" },
        {
            "two messages", Echo, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            StatusCode.Internal, "cardinality violation: received more than one request message"
        },
        { "an unknown flag", Echo, [2, 0, 0, 0, 0], StatusCode.Internal, "grpc: received unexpected payload format 2" },
        {
            "compressed, but not said how", Echo, [1, 0, 0, 0, 0],
            StatusCode.Internal, "grpc: compressed flag set with identity or empty encoding"
        },
        {
            "a length beyond all bounds", Echo, [0, 255, 255, 255, 255],
            StatusCode.ResourceExhausted, "grpc: received message larger than max (4294967295 vs. 2097152)"
        },
        {
            "not protobuf", Echo, [0, 0, 0, 0, 2, 0x0a, 0x7f],
            StatusCode.Internal, "grpc: error unmarshalling request: "
        },
        { "half a message on a stream", "/kv.test.Notes/Sum", [0, 0, 0, 0, 9], StatusCode.Internal, "unexpected EOF" },
        {
            "not protobuf on a stream", "/kv.test.Notes/Sum", [0, 0, 0, 0, 2, 0x0a, 0x7f],
            StatusCode.Internal, "grpc: failed to unmarshal the received message: "
        },
        { "half a message, raw", NotesServer.RawPath, [0, 0, 0, 0, 9, 8, 8], StatusCode.Internal, "unexpected EOF" },
        { "no path", "/", [], StatusCode.Unimplemented, "malformed method name: \"/\"" },
        { "no method", "/nothing", [], StatusCode.Unimplemented, "malformed method name: \"/nothing\"" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_bad_body_ends_its_call(string what, string path, byte[] body, StatusCode code, string text)
    {
        using HttpResponseMessage response = await _http.SendAsync(Wire.Request(_server, path, body));

        Status status = Wire.Status(response);
        Assert.True(code == status.StatusCode, $"{what}: {status}");
        Assert.StartsWith(text, status.Detail, StringComparison.Ordinal);
        Assert.Empty(_server.Faults);
        await IsWellAsync();
    }

    [Theory]
    [InlineData("grpc-timeout", "soon", HttpStatusCode.BadRequest, StatusCode.Internal, "malformed grpc-timeout: soon")]
    [InlineData("grpc-timeout", "-1S", HttpStatusCode.BadRequest, StatusCode.Internal, "malformed grpc-timeout: -1S")]
    [InlineData("grpc-timeout", "123456789S", HttpStatusCode.BadRequest, StatusCode.Internal, "malformed grpc-timeout")]
    [InlineData("grpc-encoding", "snappy", HttpStatusCode.OK, StatusCode.Unimplemented,
        "grpc: Decompressor is not installed for grpc-encoding \"snappy\"")]
    [InlineData("echo-bin", "not base64!", HttpStatusCode.OK, StatusCode.Internal, "malformed binary metadata")]
    public async Task A_bad_header_ends_its_call(
        string name,
        string value,
        HttpStatusCode http,
        StatusCode code,
        string text)
    {
        HttpRequestMessage request = Wire.Request(_server, Echo, new Note());
        request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage response = await _http.SendAsync(request);

        Status status = Wire.Status(response);
        Assert.Equal((http, code), (response.StatusCode, status.StatusCode));
        Assert.StartsWith(text, status.Detail, StringComparison.Ordinal);
        await IsWellAsync();
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc-web", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc+proto", HttpStatusCode.OK)]
    [InlineData("application/grpc;charset=utf-8", HttpStatusCode.OK)]
    public async Task Only_gRPC_reaches_a_method(string contentType, HttpStatusCode expected)
    {
        HttpRequestMessage request = Wire.Request(_server, Echo, new Note());
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_call_must_be_a_POST()
    {
        HttpRequestMessage request = Wire.Request(_server, Echo, new Note());
        request.Method = HttpMethod.Put;
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(StatusCode.Internal, Wire.Status(response).StatusCode);
    }

    [Fact]
    public async Task A_gzip_bomb_is_stopped_at_the_limit()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] zeros = new byte[1024 * 1024];
            for (int part = 0; part < 100; part++)
                await gzip.WriteAsync(zeros);
        }

        Status status = await SendGzipAsync(bomb.ToArray());
        Assert.Equal(StatusCode.ResourceExhausted, status.StatusCode);
        Assert.StartsWith("grpc: received message after decompression larger than max (", status.Detail, default);
        Assert.Equal(StatusCode.Internal, (await SendGzipAsync([1, 2, 3])).StatusCode);
    }

    [Theory]
    [InlineData(0, StatusCode.OK)]
    [InlineData(1, StatusCode.ResourceExhausted)]
    public async Task A_compressed_message_may_become_as_large_as_the_limit_and_no_larger(int beyond, StatusCode code)
    {
        const int Most = 2_097_152 - 4; // less the tag and length of the field
        byte[] note = new Note { Payload = ByteString.CopyFrom(new byte[Most + beyond]) }.ToByteArray();
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(note);

        Assert.Equal(code, (await SendGzipAsync(compressed.ToArray())).StatusCode);
    }

    [Fact]
    public async Task Headers_beyond_all_bounds_cost_their_sender_the_connection()
    {
        HttpRequestMessage request = Wire.Request(_server, Echo, new Note());
        for (int number = 0; number < 20; number++)
            request.Headers.Add($"x-{number}", new string('x', 16_000));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => _http.SendAsync(request));
        await IsWellAsync();
    }

    private async Task<Status> SendGzipAsync(byte[] compressed)
    {
        HttpRequestMessage request = Wire.Request(_server, Echo, Wire.Frame(compressed, flag: 1));
        request.Headers.Add("grpc-encoding", "gzip");
        using HttpResponseMessage response = await _http.SendAsync(request);
        return Wire.Status(response);
    }

    private async Task IsWellAsync()
    {
        using HttpResponseMessage response = await _http.SendAsync(Wire.Request(_server, Echo, new Note()));
        Assert.Equal(StatusCode.OK, Wire.Status(response).StatusCode);
    }
}
