using System.Text;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Http;

/// <summary>A plain HTTP request, as far as our answers depend on it.</summary>
/// <param name="Query">All values of a name in the query; none if it is not there.</param>
/// <param name="Header">A header by its name; empty if it is not there.</param>
public sealed record PlainRequest(
    string Method, string Path, Func<string, StringValues> Query, Func<string, string> Header)
{
    /// <summary>Whether it came by TLS.</summary>
    public bool IsSecured { get; init; }
}

/// <summary>What is answered. The body of an answer to HEAD is left out by whoever sends it.</summary>
public sealed record PlainAnswer(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public const string Text = "text/plain; charset=utf-8";

    /// <summary>Headers besides the type and the length of the body.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public static PlainAnswer Of(int status, string contentType, string body) =>
        new(status, contentType, Encoding.UTF8.GetBytes(body));

    /// <summary>A refusal in the form that Go's servers give it: a line of text that no browser shall take for
    /// anything else.</summary>
    public static PlainAnswer Refuse(int status, string message) =>
        Of(status, Text, message + "\n").With("X-Content-Type-Options", "nosniff");

    public static PlainAnswer NotFound() => Refuse(404, "404 page not found");

    public static PlainAnswer OnlyGet() => Refuse(405, "Method Not Allowed").With("Allow", "GET");

    public PlainAnswer With(string name, string value) => this with { Headers = [.. Headers, (name, value)] };
}
