using System.Net;
using Kv.Sandbox.ApiServer.Access;

namespace Kv.Sandbox.ApiServer;

/// <summary>How to start an embedded API server.</summary>
internal sealed record ApiServerOptions
{
    public required string DataDirectory { get; init; }

    /// <summary>An address of 127/8; its second number is also that of the addresses of services.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Zero for one that is free.</summary>
    public int Port { get; init; }

    /// <summary>What tokens of service accounts are signed with.</summary>
    public required byte[] TokenKey { get; init; }

    /// <summary>Tokens that are known from the start.</summary>
    public required IReadOnlyDictionary<string, Identity> Tokens { get; init; }

    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromSeconds(30);
}
