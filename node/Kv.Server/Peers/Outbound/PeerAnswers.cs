using System.Net;

namespace Kv.Server.Peers.Outbound;

/// <summary>What peers answer to what is posted to them.</summary>
internal static class PeerAnswers
{
    private const int ErrorBytesMax = 4096;

    /// <summary>Null if the peer took it, else what it said. Notices when it says that this member was
    /// removed.</summary>
    public static async Task<string?> FindFaultAsync(
        HttpResponseMessage response, PeerScope peer, CancellationToken cancelled)
    {
        if (response.StatusCode == HttpStatusCode.NoContent)
            return null;
        if (response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Gone)
            peer.Transport.OnRemoved(peer.Id);
        return $"http status {(int)response.StatusCode}: {await ReadErrorAsync(response, cancelled)}";
    }

    /// <summary>The text of an error, as much of it as there is any sense in, without the line's end.</summary>
    public static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancelled)
    {
        byte[] text = new byte[ErrorBytesMax];
        await using Stream body = await response.Content.ReadAsStreamAsync(cancelled);
        int length = await body.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancelled);
        return System.Text.Encoding.UTF8.GetString(text, 0, length).TrimEnd('\n');
    }
}
