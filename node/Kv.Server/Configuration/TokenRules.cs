using Kv.Server.Tokens;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>What <c>--auth-token</c> says, and what can be wrong about it.</summary>
internal static class TokenRules
{
    private const string Name = "auth-token";

    /// <summary>How tokens are signed; null if they are not, or if the flag is wrong, which is added to the
    /// faults.</summary>
    public static JwtSettings? Read(Settings settings, Func<string, byte[]> read)
    {
        string text = settings.Text(Name);
        string[] parts = text.Split(',');
        try
        {
            if (parts[0] == "jwt")
                return ReadJwt(parts[1..], read, settings.Notices);
            if (text != "simple")
                settings.Faults.Add($"--{Name}: auth: invalid auth options (\"{text}\")");
        }
        catch (JwtKeyException fault)
        {
            settings.Faults.Add($"--{Name}: {fault.Message}");
        }

        return null;
    }

    private static JwtSettings ReadJwt(string[] options, Func<string, byte[]> read, List<ConfigurationNotice> notices)
    {
        var unknown = new List<string>();
        var jwt = JwtSettings.Read(options, read, unknown);
        if (unknown.Count > 0)
            notices.Add(new(LogLevel.Warning, "unknown JWT options", "keys", string.Join(',', unknown)));
        if (!jwt.Key.CanSign)
            notices.Add(new(LogLevel.Information, "tokens can be checked here, and not made: there is no private key"));
        return jwt;
    }
}
