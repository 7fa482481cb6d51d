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
        return images
            .Add($"kv-node:{NextVersion}", Write(
                folder, "next", $"ETCD_ANNOUNCED_VERSION={NextVersion} exec '{StoreNode.Program}' \"$@\""))
            .Add($"kv-node:{BrokenVersion}", Write(
                folder, "broken", "echo 'this build is broken' >&2\nexit 3"));
    }

    private static string Write(string folder, string name, string command)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{command}\n");
        File.SetUnixFileMode(
            path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead |
                UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        return path;
    }
}
