using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;
using Microsoft.AspNetCore.Http;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>A request for objects of one kind.</summary>
internal sealed class ApiCall(HttpContext http, Identity who, ResourceType type, ApiPath path)
{
    private const int BodyBytesMax = 3 * 1024 * 1024;

    public HttpContext Http => http;

    public Identity Who => who;

    public ResourceType Type => type;

    public ApiPath Path => path;

    public string Namespace => path.Namespace;

    public string Name => path.Name;

    public string Subresource => path.Subresource;

    public CancellationToken Cancelled => http.RequestAborted;

    /// <summary>How rules of access name what is done.</summary>
    public string Verb { get; } = VerbOf(http, path);

    public string Key => type.KeyOf(Namespace, Name);

    public bool HasQuery(string name) => http.Request.Query.ContainsKey(name);

    public string Query(string name) => http.Request.Query[name].ToString();

    public bool IsSet(string name) => Query(name) is "true" or "1";

    /// <exception cref="RefusedException">It is no number.</exception>
    public long Number(string name, long otherwise)
    {
        string text = Query(name);
        if (text.Length == 0)
            return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw RefusedException.BadRequest($"{name}: Invalid value: \"{text}\"");
    }

    /// <summary>The media type of the body, without parameters.</summary>
    public string MediaType => (http.Request.ContentType ?? "").Split(';')[0].Trim();

    /// <exception cref="RefusedException">It is too large.</exception>
    public async Task<byte[]> ReadBytesAsync()
    {
        using var buffer = new MemoryStream();
        byte[] part = new byte[16 * 1024];
        int count;
        while ((count = await http.Request.Body.ReadAsync(part, Cancelled)) > 0)
        {
            buffer.Write(part, 0, count);
            if (buffer.Length > BodyBytesMax)
                throw new RefusedException(413, "RequestEntityTooLarge", $"limit is {BodyBytesMax}");
        }

        return buffer.ToArray();
    }

    /// <summary>Reads an object, in JSON, YAML or, for the few kinds that kubectl sends so, Protobuf.</summary>
    /// <exception cref="RefusedException">It cannot be read.</exception>
    public async Task<JsonObject> ReadObjectAsync()
    {
        byte[] body = await ReadBytesAsync();
        if (MediaType == ProtobufBodies.MediaType)
            return ProtobufBodies.Read(body);
        return ParseObject(body);
    }

    /// <exception cref="RefusedException">It is neither JSON nor YAML.</exception>
    public static JsonObject ParseObject(byte[] body)
    {
        try
        {
            return body.AsSpan().TrimStart("\r\n\t "u8) is [(byte)'{', ..]
                ? JsonFields.ParseObject(body)
                : YamlReader.Read(System.Text.Encoding.UTF8.GetString(body)) is [var only]
                    ? only
                    : throw RefusedException.BadRequest("the body must hold one object");
        }
        catch (JsonException fault)
        {
            throw RefusedException.BadRequest(
                $"the object provided is unrecognized (must be JSON or YAML): {fault.Message}");
        }
    }

    public void Warn(string text) =>
        http.Response.Headers.Append("Warning", $"299 - \"{text.Replace('"', '\'')}\"");

    private static string VerbOf(HttpContext http, ApiPath path)
    {
        bool hasName = path.Name.Length > 0;
        return http.Request.Method switch
        {
            "GET" when hasName => "get",
            "GET" => http.Request.Query["watch"].ToString() is "true" or "1" ? "watch" : "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => hasName ? "delete" : "deletecollection",
            _ => throw RefusedException.MethodNotAllowed(),
        };
    }
}
