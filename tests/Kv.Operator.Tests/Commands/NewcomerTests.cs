using System.Diagnostics;
using Kv.Operator.Tests.Sandbox;

namespace Kv.Operator.Tests.Commands;

/// <summary>What the README promises a newcomer, done with the real kubectl and etcdctl by the lines that are
/// printed.</summary>
public sealed class NewcomerTests(DetachedSandbox sandbox) : IClassFixture<DetachedSandbox>
{
    private Kubectl Kubectl => sandbox.Kubectl;

    [Fact]
    public async Task The_printed_lines_work_as_they_are()
    {
        string export = sandbox.LineOf("export KUBECONFIG=");
        string put = sandbox.LineOf("etcdctl ");
        string get = put.Replace("put hello world", "get hello", StringComparison.Ordinal);

        (int code, string said) = await ShellAsync($"{export}\n{sandbox.LineOf("kubectl get")}\n{put}\n{get}");

        Assert.True(code == 0, said);
        Assert.Contains("kvcluster.kvoperator.io/demo", said, StringComparison.Ordinal);
        Assert.Contains("pod/demo-0", said, StringComparison.Ordinal);
        Assert.Contains("persistentvolumeclaim/data-demo-0", said, StringComparison.Ordinal);
        Assert.EndsWith("OK\nhello\nworld\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_shows_a_cluster_in_one_line_and_in_full()
    {
        string[] lines = (await Kubectl.RunAsync("get", "kvc", "demo")).Split('\n');
        string yaml = await Kubectl.RunAsync("get", "kvc", "demo", "-o", "yaml");
        string wide = await Kubectl.RunAsync("get", "kvc", "-o", "wide");

        Assert.Equal(["NAME", "VERSION", "REPLICAS", "READY", "LEADER", "PHASE", "AGE"], Words(lines[0]));
        string[] demo = Words(lines[1]);
        Assert.Equal(("demo", "3", "3", "Running"), (demo[0], demo[2], demo[3], demo[5]));
        Assert.StartsWith("demo-", demo[4], StringComparison.Ordinal);
        Assert.Contains("All is as wanted.", wide, StringComparison.Ordinal);
        Assert.Contains("type: Ready", yaml, StringComparison.Ordinal);
        Assert.Contains("name: demo-2", yaml, StringComparison.Ordinal);
        Assert.Contains("storage:\n    retention:", yaml, StringComparison.Ordinal); // what was left out is filled in
    }

    [Fact]
    public async Task Describe_and_events_tell_what_was_done()
    {
        string text = await Kubectl.RunAsync("describe", "kvc", "demo");
        string events = await Kubectl.RunAsync("get", "events", "--field-selector", "involvedObject.name=demo");

        Assert.Contains("Conditions:", text, StringComparison.Ordinal);
        Assert.Contains("QuorumServes", text, StringComparison.Ordinal);
        Assert.Contains("Promote", text, StringComparison.Ordinal);
        Assert.Contains("LatchCluster", events, StringComparison.Ordinal);
        Assert.Contains("kvcluster/demo", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_are_those_of_the_node_and_of_the_operator()
    {
        string node = await Kubectl.RunAsync("logs", "demo-0");
        string last = await Kubectl.RunAsync("logs", "demo-0", "--tail=1");
        string kvOperator = await Kubectl.RunAsync("logs", "-n", "kv-operator", "kv-operator");

        Assert.Contains("ready to serve client requests", node, StringComparison.Ordinal);
        Assert.Single(last.TrimEnd().Split('\n'));
        Assert.Contains("Decided on default/demo", kvOperator, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_is_applied_edited_scaled_and_deleted()
    {
        string manifest = SandboxProgram.OneMember;
        await Kubectl.RunWithAsync(manifest, "apply", "-f", "-");
        string waited = await Kubectl.RunAsync("wait", "--for=condition=Ready", "kvc/solo", "--timeout=50s");
        Assert.Contains("condition met", waited, StringComparison.Ordinal);
        string again = await Kubectl.RunWithAsync(manifest, "apply", "-f", "-");
        Assert.Contains("unchanged", again, StringComparison.Ordinal);

        await Kubectl.RunAsync("scale", "kvc/solo", "--replicas=3");
        await UntilAsync("solo", "{.status.readyReplicas}", "3");

        (int code, string output, string error) = await Kubectl.TryAsync(
            ["edit", "kvc", "solo"], environment: ("KUBE_EDITOR", "sed -i 's/replicas: 3/replicas: 1/'"));
        Assert.True(code == 0, output + error);
        await UntilAsync("solo", "{.status.replicas}", "1");
        await UntilAsync("solo", "{.status.phase}", "Running");

        Assert.Contains("deleted", await Kubectl.RunAsync("delete", "kvc", "solo"), StringComparison.Ordinal);
        await UntilOnlyVolumesAreLeftAsync("solo");
    }

    [Fact]
    public async Task A_second_up_says_that_one_runs()
    {
        foreach (string[] words in new[] { new[] { "up" }, ["up", "--detach"] })
        {
            (int code, string said) = await sandbox.Program.RunAsync(words);

            Assert.Equal(1, code);
            Assert.Contains("already", said, StringComparison.Ordinal);
            Assert.Contains("end it with 'down'", said, StringComparison.Ordinal);
        }

        Assert.Contains("demo", await Kubectl.RunAsync("get", "kvc"), StringComparison.Ordinal);
    }

    /// <summary>Volumes are kept unless one asks for their end; all else goes.</summary>
    private async Task UntilOnlyVolumesAreLeftAsync(string name)
    {
        DateTime end = DateTime.UtcNow.AddSeconds(30);
        string left;
        do
        {
            left = await Kubectl.RunAsync(
                "get", "pods,pvc,services,secrets,pdb", "-l", $"kvoperator.io/cluster={name}", "-o", "name");
            Assert.True(DateTime.UtcNow < end, left);
        }
        while (!left.Trim().Split('\n').All(
            each => each.StartsWith($"persistentvolumeclaim/data-{name}-", StringComparison.Ordinal)));
    }

    /// <summary>Waits until a field has a value.</summary>
    private async Task UntilAsync(string name, string field, string wanted) => await Kubectl.RunAsync(
        "wait", $"--for=jsonpath={field}={wanted}", $"kvc/{name}", "--timeout=55s");

    private static async Task<(int Code, string Output)> ShellAsync(string script)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/bash", ["-ec", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ETCDCTL_API"] = "3" },
        })!;
        string said = await SandboxProgram.ReadAsync(shell);
        await shell.WaitForExitAsync();
        return (shell.ExitCode, said);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
