using System.Runtime.CompilerServices;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A real etcd, fetched by <c>tests/tools/get-etcd.sh VERSION</c>.</summary>
internal static class RealEtcd
{
    public const string Version = "3.5.30";

    /// <summary>What pods call its image.</summary>
    public const string Image = "etcd";

    public static string Program
    {
        get
        {
            string cache = Environment.GetEnvironmentVariable("KV_CACHE")
                ?? Path.GetFullPath(Path.Combine(SourceFolder(), "../../../.cache"));
            return Path.Combine(cache, $"etcd-{Version}/usr/bin/etcd");
        }
    }

    public static void MustBeThere() => Assert.True(
        File.Exists(Program), $"{Program} is missing: run tests/tools/get-etcd.sh {Version}.");

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
