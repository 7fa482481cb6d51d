using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Kv.Server.Configuration;

/// <summary>An address to listen on or to be found at: <c>http://HOST:PORT</c> or <c>https://HOST:PORT</c>, or
/// <c>unix://NAME</c>, a socket in the file system. There is never a path, so two that are written alike are
/// equal.</summary>
public sealed record NodeUrl(string Scheme, string Host, int Port)
{
    public bool IsUnix => Scheme is "unix" or "unixs";

    public bool IsTls => Scheme is "https" or "unixs";

    /// <summary>Whether a socket can be bound to it without asking a name server.</summary>
    public bool CanBeBound => IsUnix || Host == "localhost" || IPAddress.TryParse(Host, out _);

    public override string ToString() => IsUnix ? $"{Scheme}://{Host}" : $"{Scheme}://{Authority}";

    private string Authority =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>Reads one URL; <paramref name="fault"/> says what is wrong in etcd's words.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out NodeUrl? url, [NotNullWhen(false)] out string? fault)
    {
        url = null;
        text = text.Trim();
        int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = schemeEnd < 0 ? "" : text[..schemeEnd].ToLowerInvariant();
        string rest = schemeEnd < 0 ? "" : text[(schemeEnd + 3)..];
        fault = scheme switch
        {
            "unix" or "unixs" => rest.Length == 0 ? $"URL names no socket: {text}" : null,
            "http" or "https" => FaultInHost(text, rest),
            _ => $"URL scheme must be http, https, unix, or unixs: {text}",
        };
        if (fault is not null)
            return false;

        url = scheme is "unix" or "unixs" ? new NodeUrl(scheme, rest, 0) : FromAuthority(scheme, rest);
        return true;
    }

    private static string? FaultInHost(string text, string rest)
    {
        int pathStart = rest.IndexOfAny(['/', '?', '#']);
        string authority = pathStart < 0 ? rest : rest[..pathStart];
        if (authority.Contains('@'))
            return $"URL must not contain a user: {text}";
        int colon = authority.LastIndexOf(':');
        bool isBracketed = authority.StartsWith('[') && colon > 0 && authority[colon - 1] == ']';
        if (colon < 0 || (!isBracketed && authority.IndexOf(':') != colon))
            return $"URL address does not have the form \"host:port\": {text}";
        if (!ushort.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return $"invalid port \"{authority[(colon + 1)..]}\": {text}";
        return pathStart < 0 ? null : $"URL must not contain a path: {text}";
    }

    private static NodeUrl FromAuthority(string scheme, string authority)
    {
        int colon = authority.LastIndexOf(':');
        int port = int.Parse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        return new NodeUrl(scheme, authority[..colon].Trim('[', ']'), port);
    }
}
