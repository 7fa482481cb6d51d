using System.Net;
using System.Text;
using System.Text.Json;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Client;

/// <summary>Makes an exception of an answer that is none: the server sends a Status, what stands before it may send
/// anything.</summary>
internal static class ApiFailure
{
    private const int BodyBytesMax = 1 << 20;
    private const int MessageLengthMax = 1024;

    public static async Task<KubernetesException> ReadAsync(
        ApiRequest request,
        HttpResponseMessage response,
        CancellationToken cancelled)
    {
        byte[] body = await ReadBodyAsync(response, cancelled);
        return new KubernetesException(StatusOf(body, response), request.ToString());
    }

    private static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancelled)
    {
        using var body = new MemoryStream();
        await using var stream = await response.Content.ReadAsStreamAsync(cancelled);
        byte[] buffer = new byte[8192];
        while (body.Length < BodyBytesMax && await stream.ReadAsync(buffer, cancelled) is > 0 and int read)
            body.Write(buffer, 0, read);
        return body.ToArray();
    }

    private static V1Status StatusOf(byte[] body, HttpResponseMessage response)
    {
        V1Status? status = null;
        try
        {
            status = JsonSerializer.Deserialize<V1Status>(body, KubernetesJson.Options);
        }
        catch (JsonException)
        {
            // Not from the API server; what it says is told below.
        }

        if (status is not { Kind: "Status" })
            status = new V1Status { Status = "Failure", Message = TextOf(body, response) };
        status.Code ??= (int)response.StatusCode;
        status.Reason ??= ReasonOf(response.StatusCode);
        return status;
    }

    private static string TextOf(byte[] body, HttpResponseMessage response)
    {
        string text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, MessageLengthMax))).Trim();
        return text.Length > 0 ? text : response.ReasonPhrase ?? response.StatusCode.ToString();
    }

    private static string ReasonOf(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => StatusReason.BadRequest,
        HttpStatusCode.Unauthorized => StatusReason.Unauthorized,
        HttpStatusCode.Forbidden => StatusReason.Forbidden,
        HttpStatusCode.NotFound => StatusReason.NotFound,
        HttpStatusCode.MethodNotAllowed => StatusReason.MethodNotAllowed,
        HttpStatusCode.Conflict => StatusReason.Conflict,
        HttpStatusCode.Gone => StatusReason.Gone,
        HttpStatusCode.RequestEntityTooLarge => StatusReason.RequestEntityTooLarge,
        HttpStatusCode.UnsupportedMediaType => StatusReason.UnsupportedMediaType,
        HttpStatusCode.UnprocessableEntity => StatusReason.Invalid,
        HttpStatusCode.TooManyRequests => StatusReason.TooManyRequests,
        HttpStatusCode.InternalServerError => StatusReason.InternalError,
        HttpStatusCode.ServiceUnavailable => StatusReason.Unavailable,
        HttpStatusCode.GatewayTimeout => StatusReason.Timeout,
        _ => StatusReason.Unknown,
    };
}
