using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Docs;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>Both images, built once for all tests by the very lines of the README, in a storage of their own, and
/// unpacked where they are looked into. <c>KV_IMAGE_STORAGE</c> names a folder where the storage, and with it the
/// layers, is kept for the next time.</summary>
public sealed class BuiltImages : IAsyncLifetime
{
    private const string Registry = "localhost";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private static readonly string? Kept = Environment.GetEnvironmentVariable("KV_IMAGE_STORAGE");

    private readonly TempDirectory _own = new();
    private readonly ConcurrentDictionary<string, string> _mounted = new();

    private string Storage => Kept ?? _own.Path;

    /// <summary>What an image says of itself to whoever starts it.</summary>
    internal async Task<JsonObject> InspectAsync(string name)
    {
        JsonObject found = JsonFields.ParseObject(
            await Tool.RunAsync(Buildah("inspect", "--type", "image", ImageOf(name)), Patience));
        return found.Map("Docker", "config") ?? [];
    }

    /// <summary>The folder with the files of an image.</summary>
    internal async Task<string> MountAsync(string name)
    {
        if (_mounted.TryGetValue(name, out string? known))
            return known;
        string container = await Tool.RunAsync(Buildah("from", "--pull-never", ImageOf(name)), Patience);
        return _mounted[name] = (await Tool.RunAsync(Buildah("mount", container.Trim()), Patience)).Trim();
    }

    /// <summary>A command of an image: not as root, on a root that cannot be written.</summary>
    /// <param name="root">The files of the image.</param>
    /// <param name="data">The volume of its data; null for an image that has none.</param>
    internal static ProcessStartInfo Command(string root, string? data, params string[] command)
    {
        string volume = data is null ? "" : $"mount --bind {data} {root}/var/lib/kv";
        string script =
            $"""
            set -e
            mount --bind {root} {root}
            {volume}
            mount -t proc proc {root}/proc
            mount --bind /dev {root}/dev
            mount -o remount,ro,bind {root}
            exec env -i DOTNET_EnableDiagnostics=0 /usr/sbin/chroot --userspec=65532:65532 {root} "$@"
            """;
        return new ProcessStartInfo("unshare", ["--mount", "/bin/sh", "-c", script, "sh", .. command]);
    }

    /// <summary>Starts such a command, to be read from and killed.</summary>
    internal static Process Start(string root, string data, params string[] command)
    {
        ProcessStartInfo start = Command(root, data, command);
        start.RedirectStandardError = true;
        return Process.Start(start)!;
    }

    public async ValueTask InitializeAsync()
    {
        await Tool.RunAsync(
            new ProcessStartInfo(
                "bash", [Path.Combine(ChartFiles.Root, "tests", "tools", "make-base-images.sh"), Storage]),
            Patience);

        // Who runs this is root, here as in the container that builds, so both look for packages in one place.
        string packages = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        DocCommand[] commands =
            [.. DocCommand.All.Where(each => each.Text.StartsWith("docker build", StringComparison.Ordinal))];
        Assert.Equal(ImageTests.Names.Count, commands.Length);
        // The SDK is lent and not copied, and so are the packages that have been restored: nothing is fetched.
        string prelude =
            $$"""
            docker() {
              local runtime=localhost/kv-base # the node brings all that it needs, and must run where there is no .NET
              case "$*" in *Dockerfile.operator*) runtime=localhost/kv-runtime ;; esac
              shift
              buildah --root "$KV_STORAGE/root" --runroot "$KV_STORAGE/run" build --layers --isolation chroot \
                --pull-never --format docker --build-arg SDK_IMAGE=localhost/kv-base \
                --build-arg RUNTIME_IMAGE=$runtime --volume {{dotnet}}:/usr/share/dotnet:ro \
                --volume {{packages}}:{{packages}} "$@"
            }
            """;
        await DocShell.RunAsync(
            commands.Select(each => (each.Text, each.Text.Replace("REGISTRY", Registry, StringComparison.Ordinal))),
            prelude, new Dictionary<string, string> { ["KV_STORAGE"] = Storage }, Patience * commands.Length);
    }

    public async ValueTask DisposeAsync()
    {
        await Tool.TryAsync(Buildah("rm", "--all"), Patience);
        if (Kept is null)
            await Tool.TryAsync(Buildah("rmi", "--all", "--force"), Patience);
        _own.Dispose();
    }

    private static string ImageOf(string name) => $"{Registry}/kvoperator/kv-{name}:3.7.1";

    private ProcessStartInfo Buildah(params string[] words) => new(
        "buildah", ["--root", Path.Combine(Storage, "root"), "--runroot", Path.Combine(Storage, "run"), .. words]);
}
