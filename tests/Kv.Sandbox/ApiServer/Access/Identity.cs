namespace Kv.Sandbox.ApiServer.Access;

/// <summary>Who asks.</summary>
internal sealed record Identity(string Name, IReadOnlyList<string> Groups)
{
    public const string Masters = "system:masters";
    public const string Authenticated = "system:authenticated";

    public static Identity Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>Whether all is allowed to it.</summary>
    public bool IsMaster => Groups.Contains(Masters);

    public static Identity Administrator(string name) => new(name, [Masters, Authenticated]);

    public static Identity OfServiceAccount(string space, string name) => new(
        $"system:serviceaccount:{space}:{name}",
        ["system:serviceaccounts", $"system:serviceaccounts:{space}", Authenticated]);
}
