using System.Diagnostics;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Testing;

namespace Kv.Operator.Tests.Objects;

/// <summary>What the real node does with the words that a pod is made of.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>It is told of nobody else, so it has nobody to ask who it is; and it may not form a cluster.</summary>
    [Fact]
    public async Task A_member_that_is_to_resume_on_an_emptied_volume_ends_at_once_and_says_why()
    {
        var layout = new ClusterLayout(
            new V1KvCluster
            {
                Metadata = new V1ObjectMeta { Name = "demo", NamespaceProperty = "default", Uid = "u-1" },
                Spec = new KvClusterSpec(),
            },
            new OperatorDefaults());
        V1Pod pod = MemberPod.Build(layout, "demo-1", PodStart.Resume, initialCluster: "", isServing: true);

        (int code, string log) = await RunAsync(pod.Spec.Containers![0].Args!);

        Assert.NotEqual(0, code);
        Assert.Contains("could not retrieve cluster information", log, StringComparison.Ordinal);
        Assert.DoesNotContain("ready to serve", log, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Log)> RunAsync(IEnumerable<string> arguments)
    {
        string[] words =
        [
            .. arguments.Select(word => word
                .Replace("$(POD_IP)", "127.93.6.1", StringComparison.Ordinal)
                .Replace("/var/lib/kv", _folder["volume"], StringComparison.Ordinal)),
        ];
        using Process process = Process.Start(
            new ProcessStartInfo(StoreNode.Program, words)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        try
        {
            Task<string> log = process.StandardError.ReadToEndAsync();
            Task<string> told = process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            return (process.ExitCode, await log + await told);
        }
        finally
        {
            process.Kill();
        }
    }
}
