using System.Diagnostics;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>The real <c>etcdutl</c>, as <c>tests/tools/get-etcd.sh</c> brings it.</summary>
internal static class EtcdUtl
{
    private const string Version = "etcd-3.5.30";

    public static async Task<string> RunAsync(params string[] arguments)
    {
        string cache = Environment.GetEnvironmentVariable("KV_CACHE") ?? DefaultCache();
        using Process process = Process.Start(new ProcessStartInfo(
            Path.Combine(cache, Version, "usr/bin/etcdutl"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"etcdutl {string.Join(' ', arguments)}: {await error}");
        return output;
    }

    private static string DefaultCache()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "KvOperator.sln")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? "", ".cache");
    }
}
