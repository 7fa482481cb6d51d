using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;
using Microsoft.AspNetCore.Http;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>Writes JSON as an answer.</summary>
internal static class Answer
{
    public static async Task SendAsync(
        HttpContext http, JsonObject body, int code, string contentType = "application/json")
    {
        byte[] bytes = body.ToUtf8();
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    public static Task RefuseAsync(HttpContext http, RefusedException fault)
    {
        if (fault.RetryAfterSeconds > 0)
            http.Response.Headers.RetryAfter = fault.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return SendAsync(http, fault.ToStatus(), fault.Code);
    }
}
