using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>A request as the server got it.</summary>
internal sealed record RecordedRequest(
    string Route,
    string PathAndQuery,
    string Body,
    IReadOnlyDictionary<string, string> Headers,
    X509Certificate2? Certificate)
{
    public JsonNode? Json => JsonNode.Parse(Body);

    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    public string Query(string name) =>
        Microsoft.AspNetCore.WebUtilities.QueryHelpers
            .ParseQuery(new Uri(new Uri("http://h"), PathAndQuery).Query)
            .GetValueOrDefault(name)
            .ToString();

    public static async Task<RecordedRequest> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        string path = context.Request.Path.ToUriComponent();
        bool isWatch = context.Request.Query["watch"] == "true";
        return new RecordedRequest(
            $"{(isWatch ? "WATCH" : context.Request.Method)} {path}",
            path + context.Request.QueryString,
            body,
            context.Request.Headers.ToDictionary(
                each => each.Key, each => each.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            context.Connection.ClientCertificate);
    }
}
