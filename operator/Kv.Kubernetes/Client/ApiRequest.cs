using System.Text;

namespace Kv.Kubernetes.Client;

/// <summary>One request to the API, before it is sent: it may have to be sent again.</summary>
internal sealed record ApiRequest(HttpMethod Method, string Path)
{
    public const string Json = "application/json";

    private readonly StringBuilder _query = new();

    /// <summary>For the metrics and messages: "get", "list", "watch", "create" ...</summary>
    public required string Verb { get; init; }

    public ReadOnlyMemory<byte>? Body { get; init; }

    public string ContentType { get; init; } = Json;

    public string Accept { get; init; } = Json;

    /// <summary>Whether the answer goes on for as long as it likes: it has no deadline and does not count for the
    /// rate.</summary>
    public bool IsStream { get; init; }

    /// <summary>Whether to wait when the server says that it has no time, rather than to tell the caller.</summary>
    public bool RetriesWhenBusy { get; init; } = true;

    public string PathAndQuery => _query.Length == 0 ? Path : $"{Path}?{_query}";

    /// <summary>Adds to the query what is not null.</summary>
    public ApiRequest With(string name, string? value)
    {
        if (value is not null)
        {
            _query.Append(_query.Length == 0 ? "" : "&").Append(name).Append('=');
            _query.Append(Uri.EscapeDataString(value));
        }

        return this;
    }

    public override string ToString() => $"{Method} {PathAndQuery}";
}
