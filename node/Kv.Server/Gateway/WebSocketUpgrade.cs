using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Kv.Grpc;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Gateway;

/// <summary>The handshake of RFC 6455, section 4.2, on a connection of HTTP/1.1. A page in a browser can set no header,
/// so its token comes as if it were a protocol: <c>Sec-WebSocket-Protocol: Bearer, TOKEN</c>.</summary>
internal static class WebSocketUpgrade
{
    private const string Bearer = "Bearer";
    private const string Version = "13";
    private const int KeyBytes = 16;
    private const string Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // the RFC's

    public static bool IsWanted(PlainHttpCall http) =>
        http.Method == "GET"
        && http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && http.RequestHeaders.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>The token that came with the request; null if none did.</summary>
    public static string? TokenOf(PlainHttpCall http)
    {
        string[] words = Protocols(http);
        return words is [Bearer, var token, ..] ? token : null;
    }

    /// <summary>Null if the request is not well formed: then it has been answered.</summary>
    public static async Task<WebSocket?> TryAcceptAsync(PlainHttpCall http)
    {
        string key = http.RequestHeaders.SecWebSocketKey.ToString();
        Span<byte> decoded = stackalloc byte[KeyBytes];
        bool isSound = http.RequestHeaders.SecWebSocketVersion == Version
            && Convert.TryFromBase64String(key, decoded, out int length) && length == KeyBytes;
        if (!isSound)
        {
            http.ResponseHeaders.SecWebSocketVersion = Version;
            await http.WriteAsync(400, "text/plain; charset=utf-8", "Bad Request\n");
            return null;
        }

        string? protocol = Protocols(http) is [Bearer, ..] ? Bearer : null;
        http.ResponseHeaders.Connection = "Upgrade";
        http.ResponseHeaders.Upgrade = "websocket";
        http.ResponseHeaders.SecWebSocketAccept = Accept(key);
        if (protocol is not null)
            http.ResponseHeaders.SecWebSocketProtocol = protocol;
        Stream stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { IsServer = true, SubProtocol = protocol });
    }

    private static string[] Protocols(PlainHttpCall http)
    {
        StringValues given = http.RequestHeaders.SecWebSocketProtocol;
        return given.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms",
        Justification = "The RFC's: it proves that the server speaks the protocol, and keeps nothing secret.")]
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt)));
}
