using Kv.Server.Configuration;

namespace Kv.Server.Http;

/// <summary>Who may speak plain HTTP on client URLs. Browsers are told whose pages may call, and hosts that were not
/// allowed are refused: a page of a stranger must not reach a node by giving its own name our address. With TLS it
/// cannot, as our certificate is not for its name.</summary>
internal sealed class HttpAccess(HttpSettings settings)
{
    private const string Anybody = "*";

    /// <summary>What a browser gets that asks before it calls.</summary>
    public static PlainAnswer Preflight { get; } = PlainAnswer.Of(200, PlainAnswer.Text, "");

    /// <summary>The answer to who asks for a host that is not ours; null if all is well.</summary>
    public PlainAnswer? Refuse(PlainRequest request) =>
        request.IsSecured || IsAllowed(settings.Hosts, HostOf(request))
            ? null
            : PlainAnswer.Refuse(
                421, $"The host '{HostOf(request)}' is not allowed here: --host-whitelist says which are.");

    /// <summary>What goes with every other answer; nothing for pages that may not call.</summary>
    public IReadOnlyList<(string Name, string Value)> OriginHeaders(PlainRequest request)
    {
        string origin = settings.Origins.Contains(Anybody) ? Anybody : request.Header("Origin");
        if (origin.Length == 0 || !IsAllowed(settings.Origins, origin))
            return [];
        return
        [
            ("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Headers", "accept, content-type, authorization"),
        ];
    }

    private static bool IsAllowed(IReadOnlyList<string> allowed, string name) =>
        allowed.Count == 0 || allowed.Contains(Anybody) || allowed.Contains(name);

    /// <summary>The name that was asked for, without a port.</summary>
    private static string HostOf(PlainRequest request)
    {
        string host = request.Header("Host");
        int colon = host.LastIndexOf(':');
        bool hasPort = colon >= 0 && colon > host.LastIndexOf(']');
        return (hasPort ? host[..colon] : host).Trim('[', ']');
    }
}
