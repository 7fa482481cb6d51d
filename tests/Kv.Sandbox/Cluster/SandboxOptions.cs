using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Kubelet;

namespace Kv.Sandbox.Cluster;

/// <summary>How to make a sandbox.</summary>
internal sealed record SandboxOptions
{
    /// <summary>Where everything is kept; gone with the sandbox.</summary>
    public required string Directory { get; init; }

    /// <summary>The second number of all addresses of this sandbox: 127.N.x.y. It is claimed when the sandbox
    /// starts.</summary>
    public byte Network { get; init; }

    public IReadOnlyList<(string Name, string Zone)> Nodes { get; init; } =
        [("node-a", "zone-a"), ("node-b", "zone-b"), ("node-c", "zone-c"), ("node-d", "zone-a"), ("node-e", "zone-b")];

    public ImageTable Images { get; init; } = new ImageTable().Add("kv-node", StoreNode.Program).Add("busybox", "");

    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromSeconds(1);

    public Action<string> Log { get; init; } = _ => { };
}
