using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Kubelet;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Images of the node that are not the one that was built with these tests: one that says of itself that it is
/// the next version, which is all that other members and the operator see of it, and one that ends at once.</summary>
internal static class OtherBuilds
{
    public const string NextVersion = "3.7.2";
    public const string BrokenVersion = "3.7.3";

    public static ImageTable AddTo(ImageTable images, string folder)
    {
        Directory.CreateDirectory(folder);
        string broken = Path.Combine(folder, "broken");
        WriteScript(broken, "echo 'this build is broken' >&2\nexit 3");
        var next = new LocalImage($"kv-node:{NextVersion}", StoreNode.Program)
        {
            Variables = new Dictionary<string, string> { ["ETCD_ANNOUNCED_VERSION"] = NextVersion },
        };
        return images.Add(next).Add($"kv-node:{BrokenVersion}", broken);
    }

    private static void WriteScript(string path, string commands)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{commands}\n");
        File.SetUnixFileMode(
            path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead |
                UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
    }
}
