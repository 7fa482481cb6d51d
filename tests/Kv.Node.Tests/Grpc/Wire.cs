using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using Kv.Testing;

namespace Kv.Node.Tests.Grpc;

/// <summary>gRPC by hand over HttpClient, to send what no client would.</summary>
internal static class Wire
{
    public static byte[] Frame(ReadOnlySpan<byte> payload, byte flag = 0) => RawHttp2.GrpcFrame(payload, flag);

    public static HttpRequestMessage Request(NotesServer server, string path, IMessage message) =>
        Request(server, path, Frame(message.ToByteArray()));

    public static HttpRequestMessage Request(NotesServer server, string path, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, server.Address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        return request;
    }

    /// <summary>Of a response that has been read to its end.</summary>
    public static Status Status(HttpResponseMessage response)
    {
        HttpResponseHeaders headers = response.TrailingHeaders.Contains("grpc-status")
            ? response.TrailingHeaders
            : response.Headers;
        string code = Assert.Single(headers.GetValues("grpc-status"));
        string text = headers.TryGetValues("grpc-message", out IEnumerable<string>? texts) ? texts.Single() : "";
        return new Status((StatusCode)int.Parse(code, CultureInfo.InvariantCulture), Uri.UnescapeDataString(text));
    }
}
