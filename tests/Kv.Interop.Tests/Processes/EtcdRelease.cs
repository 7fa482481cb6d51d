using System.Runtime.CompilerServices;

namespace Kv.Interop.Tests.Processes;

/// <summary>A real etcd of one version with its tools. 3.4.23 is the one that the machine's package
/// <c>etcd-server</c> installs; the others are fetched by <c>tests/tools/get-etcd.sh VERSION</c>.</summary>
public sealed record EtcdRelease(string Version, string Folder)
{
    public static readonly EtcdRelease V34 = new("3.4.23", "/usr/bin");
    public static readonly EtcdRelease V35 = Cached("3.5.30");

    public string Etcd => Tool("etcd");

    public string Etcdctl => Tool("etcdctl");

    public string Etcdutl => Tool("etcdutl");

    public override string ToString() => Version;

    private static EtcdRelease Cached(string version)
    {
        string cache = Environment.GetEnvironmentVariable("KV_CACHE")
            ?? Path.GetFullPath(Path.Combine(SourceFolder(), "../../../.cache"));
        return new EtcdRelease(version, Path.Combine(cache, $"etcd-{version}/usr/bin"));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private string Tool(string name)
    {
        string path = Path.Combine(Folder, name);
        return File.Exists(path)
            ? path
            : throw new InvalidOperationException($"{path} is missing: run tests/tools/get-etcd.sh {Version}.");
    }
}
