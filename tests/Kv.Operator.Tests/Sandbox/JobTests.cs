using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>Jobs as Kubernetes runs them, as far as the operator's are concerned.</summary>
public sealed class JobTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task A_job_that_takes_longer_than_it_may_fails_and_its_pod_is_ended()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space, Job("slow", "exec sleep 1000", deadline: 2));

        JsonObject job = await sandbox.UntilAsync(PathOf(space, "slow"), IsOver);

        JsonObject condition = job.Items("status", "conditions").Single();
        Assert.Equal(("Failed", "DeadlineExceeded"), (condition.Text("type"), condition.Text("reason")));
        Assert.Equal(0, job.Number("status", "active"));
        await UntilGoneAsync(space);
    }

    [Fact]
    public async Task A_job_that_is_done_in_time_is_complete_though_its_time_comes_to_an_end()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space, Job("quick", "exit 0", deadline: 60));

        JsonObject job = await sandbox.UntilAsync(PathOf(space, "quick"), IsOver);

        Assert.Equal("Complete", job.Items("status", "conditions").Single().Text("type"));
    }

    private static bool IsOver(JsonObject job) => job.Items("status", "conditions").Any();

    private static string PathOf(string space, string name) => $"/apis/batch/v1/namespaces/{space}/jobs/{name}";

    private static string Job(string name, string command, int deadline) =>
        $$"""
        apiVersion: batch/v1
        kind: Job
        metadata: { name: {{name}} }
        spec:
          activeDeadlineSeconds: {{deadline}}
          template:
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 0
              containers: [ { name: main, image: busybox, command: [/bin/sh, -c, '{{command}}'] } ]
        """;

    private async Task UntilGoneAsync(string space)
    {
        DateTime end = DateTime.UtcNow.AddSeconds(30);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await sandbox.Client.GetAsync(ObjectPath.Core("pods", space))).Items("items").Any())
        {
            Assert.True(DateTime.UtcNow < end, "The pod is still there.");
            await timer.WaitForNextTickAsync();
        }
    }
}
