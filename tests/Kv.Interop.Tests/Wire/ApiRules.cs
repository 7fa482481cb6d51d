using System.Collections.Frozen;

namespace Kv.Interop.Tests.Wire;

/// <summary>Which recorded lines are not compared, by rule. Every line that is left out is counted under its
/// reason.</summary>
public sealed class ApiRules(bool authEnforced, bool clusterVersionHeld)
{
    private const string ClusterVersion = "ours holds the version of the cluster at 3.5, to let a 3.5 take over again";
    private const string GatewayPath = "a path that only the JSON gateway has";
    private const string GatewayBody = "a body that only the JSON gateway's reader takes, or its refusal";
    private const string Debug = "Go's own debug pages";
    private const string Auth = "authentication stays off";

    private static readonly FrozenSet<string> AuthRefusals = FrozenSet.ToFrozenSet(
    [
        "etcdserver: user name is empty",
        "etcdserver: permission denied",
        "etcdserver: invalid auth token",
        "etcdserver: invalid auth management",
        "etcdserver: authentication failed, invalid user ID or password",
        "auth: authentication failed, password was given for no password user",
        "auth: user name is empty",
        "auth: permission denied",
    ]);

    private static readonly FrozenSet<string> AuthPaths = FrozenSet.ToFrozenSet(
        ["/v3/auth/enable", "/v3/auth/disable", "/v3/auth/status", "/v3/auth/authenticate"]);

    private bool _authRecordedOn;
    private bool _authWasRecordedOn;

    /// <summary>Whether answers tell of no storage version, as those of a 3.5 do.</summary>
    public bool StorageVersionHeld => clusterVersionHeld;

    /// <summary>Whether tokens are sent along.</summary>
    public bool SendsTokens => authEnforced;

    /// <summary>Why the line is left out, or null. To be asked for each line in order: what was recorded while
    /// authentication was on depends on it.</summary>
    public string? Exclusion(WireLine line)
    {
        bool recordedOn = _authRecordedOn;
        _authRecordedOn = AuthAfter(line);
        _authWasRecordedOn |= _authRecordedOn;
        return NotForGrpc(line) ?? NotHere(line, recordedOn || _authRecordedOn);
    }

    private static string? NotForGrpc(WireLine line)
    {
        if (line.Path.StartsWith("/debug/", StringComparison.Ordinal))
            return Debug;
        bool called = line.Method == "POST" && ApiRoutes.Find(line.Path) is not null;
        if (line.Path.StartsWith("/v3", StringComparison.Ordinal) && !called)
            return GatewayPath;
        return line.Error is { } error && IsJsonText(error.Message) ? GatewayBody : null;
    }

    private string? NotHere(WireLine line, bool recordedWithAuth)
    {
        if (clusterVersionHeld && line.Path == "/version" && line.Status == 200)
            return ClusterVersion;
        if (authEnforced)
            return null;

        // Its revision counts that authentication was ended once.
        if (_authWasRecordedOn && line.Path == "/v3/auth/status")
            return Auth;
        if (!recordedWithAuth)
            return null;

        bool refused = line.Error is { } error && AuthRefusals.Contains(error.Message);
        return refused || AuthPaths.Contains(line.Path) ? Auth : null;
    }

    private bool AuthAfter(WireLine line) => line switch
    {
        { Path: "/v3/auth/enable", Status: 200 } => true,
        { Path: "/v3/auth/disable", Status: 200 } => false,
        _ => _authRecordedOn,
    };

    private static bool IsJsonText(string message) =>
        message.StartsWith("proto:", StringComparison.Ordinal)
        || message.StartsWith("invalid character", StringComparison.Ordinal)
        || message == "unexpected EOF";
}
