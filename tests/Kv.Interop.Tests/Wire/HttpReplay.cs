using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Compares the answers of the plain HTTP pages: health, version, metrics.</summary>
public static class HttpReplay
{
    private static readonly HttpClient Client = new();

    public static async Task<string?> CompareAsync(Uri node, WireLine line)
    {
        using var request = new HttpRequestMessage(new HttpMethod(line.Method), new Uri(node, line.Path));
        using HttpResponseMessage response = await Client.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        if ((int)response.StatusCode != line.Status)
            return $"  recorded {line.Status}, found {(int)response.StatusCode} {body}";
        if (line.Response is JsonValue omitted && (string?)omitted == "(omitted)")
            return null;

        string? type = response.Content.Headers.ContentType?.ToString();
        if (line.ContentType is not null && line.ContentType != type)
            return $"  recorded {line.ContentType}, found {type}";
        return Same(line.Response, body) ? null : $"  recorded {line.Response?.ToJsonString()}\n  found    {body}";
    }

    private static bool Same(JsonNode? recorded, string body)
    {
        if (recorded is JsonValue text)
            return Settled((string)text!) == Settled(body);
        try
        {
            return JsonNode.DeepEquals(recorded, JsonNode.Parse(body));
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    // The checks of a health page stand in any order.
    private static string Settled(string body)
    {
        string[] lines = body.Split('\n');
        IEnumerable<string> checks = lines.Where(IsCheck).Order(StringComparer.Ordinal);
        return string.Join('\n', checks.Concat(lines.Where(line => !IsCheck(line))));
    }

    private static bool IsCheck(string line) => line.StartsWith('[');
}
