using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>Pods as processes: real ones, each with the files, names and variables that its spec asks for.</summary>
public sealed class PodTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    // A pod that looks at all it is given.
    private const string Seer =
        """
        apiVersion: v1
        kind: Secret
        metadata: { name: keys }
        stringData: { a.txt: first }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: words }
        data: { greeting: hello }
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: { name: disk }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: peers }
        spec: { clusterIP: None, selector: { app: seer }, publishNotReadyAddresses: true }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: seer, labels: { app: seer } }
        spec:
          hostname: seer
          subdomain: peers
          restartPolicy: Never
          volumes:
          - { name: disk, persistentVolumeClaim: { claimName: disk } }
          - { name: keys, secret: { secretName: keys } }
          - { name: tmp, emptyDir: {} }
          containers:
          - name: main
            image: busybox
            command: [/bin/sh, -c]
            args:
            - |
              echo "$(cat /kv-test-keys/a.txt) $GREETING $MY_NAME $(MY_NAME)"
              echo kept > /var/lib/kv-test/file
              echo ip=$POD_IP
              until getent hosts seer.peers.$SPACE.svc; do sleep 0.1; done
            env:
            - { name: MY_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
            - { name: SPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
            - { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
            - { name: GREETING, valueFrom: { configMapKeyRef: { name: words, key: greeting } } }
            volumeMounts:
            - { name: disk, mountPath: /var/lib/kv-test }
            - { name: keys, mountPath: /kv-test-keys }
            - { name: tmp, mountPath: /etc/kv-test/deep }
        """;

    private SandboxClient Client => sandbox.Client;

    [Fact]
    public async Task A_pod_sees_its_volumes_variables_and_names_where_it_wants_them()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space, Seer);

        JsonObject pod = await sandbox.UntilAsync(
            ObjectPath.Core("pods", space, "seer"), each => each.Text("status", "phase") is "Succeeded" or "Failed");
        string log = await Client.GetTextAsync(ObjectPath.Core("pods", space, "seer") + "/log");
        JsonObject claim = await Client.GetAsync(ObjectPath.Core("persistentvolumeclaims", space, "disk"));
        JsonObject volume = await Client.GetAsync(
            ObjectPath.Core("persistentvolumes", name: claim.Text("spec", "volumeName")!));

        Assert.True(pod.Text("status", "phase") == "Succeeded", $"{pod}\n{log}");
        Assert.Contains("first hello seer seer\n", log, StringComparison.Ordinal);
        Assert.Contains($"ip={pod.Text("status", "podIP")}", log, StringComparison.Ordinal);
        Assert.Matches($@"{pod.Text("status", "podIP")}\s+seer\.peers\.{space}\.svc", log);
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(volume.Text("spec", "hostPath", "path")!,
            "file")));
        Assert.False(Path.Exists("/var/lib/kv-test") || Path.Exists("/kv-test-keys") || Path.Exists("/etc/kv-test"));
    }

    [Fact]
    public async Task A_container_that_fails_is_restarted_and_its_log_kept()
    {
        string space = await sandbox.NamespaceAsync();
        const string Script = "echo run; if [ -f /tmp/v/once ]; then exec sleep 1000; fi; touch /tmp/v/once; exit 3";
        await sandbox.CreateAsync(space, WithVolume("stumbler", Script));

        JsonObject pod = await sandbox.UntilAsync(
            ObjectPath.Core("pods", space, "stumbler"), each => Restarts(each) == 1 && SharedSandbox.IsReady(each));

        JsonObject status = Assert.Single(pod.Items("status", "containerStatuses"));
        Assert.Equal(1, status.Number("restartCount"));
        Assert.Equal(3, status.Number("lastState", "terminated", "exitCode"));
        Assert.Equal("run\n", await Client.GetTextAsync(ObjectPath.Core("pods", space,
            "stumbler") + "/log?previous=true"));
    }

    [Fact]
    public async Task An_unknown_image_is_said_to_be_and_a_known_one_heals_the_pod()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space, Sleeper("lost", "image: nowhere:1"));
        string path = ObjectPath.Core("pods", space, "lost");

        JsonObject stuck = await sandbox.UntilAsync(path, each => Waiting(each) == "ImagePullBackOff");
        await Client.DeleteAsync(path);
        await sandbox.UntilGoneAsync(path);

        Assert.Equal("Pending", stuck.Text("status", "phase"));
        await sandbox.CreateAsync(space, Sleeper("lost", "image: busybox"));
        await sandbox.UntilAsync(path, SharedSandbox.IsReady);
    }

    [Fact]
    public async Task Probes_decide_when_a_pod_is_ready_and_when_it_is_restarted()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space, WithVolume("probed", "touch /tmp/v/alive; sleep 1000", grace: 1, probes:
            """
                startupProbe:
                  exec: { command: [test, -f, /tmp/v/alive] }
                  periodSeconds: 1
                  timeoutSeconds: 30
                  failureThreshold: 60
                readinessProbe:
                  exec: { command: [test, -f, /tmp/v/ready] }
                  periodSeconds: 1
                  timeoutSeconds: 30
                  failureThreshold: 1
                livenessProbe:
                  exec: { command: [test, -f, /tmp/v/alive] }
                  periodSeconds: 1
                  timeoutSeconds: 30
                  failureThreshold: 1
            """));
        string path = ObjectPath.Core("pods", space, "probed");
        JsonObject running = await sandbox.UntilAsync(path, each => each.Text("status", "phase") == "Running");
        string volume = VolumeOf(running);
        Assert.False(SharedSandbox.IsReady(running));

        await File.WriteAllTextAsync(Path.Combine(volume, "ready"), "");
        await sandbox.UntilAsync(path, SharedSandbox.IsReady);
        File.Delete(Path.Combine(volume, "alive"));
        JsonObject restarted = await sandbox.UntilAsync(
            path, each => Restarts(each) == 1 && SharedSandbox.IsReady(each));

        Assert.Contains("Liveness probe failed", restarted.Items("status", "containerStatuses").First()
            .Text("lastState", "terminated", "message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_is_deleted_has_its_time_to_end()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space,
            """
            apiVersion: v1
            kind: Pod
            metadata: { name: polite }
            spec:
              terminationGracePeriodSeconds: 20
              volumes: [ { name: v, persistentVolumeClaim: { claimName: c } } ]
              containers:
              - name: main
                image: busybox
                command:
                - /bin/sh
                - -c
                - |
                  finish() { echo done > /tmp/v/end; until [ -e /tmp/v/seen ]; do sleep 0.1; done; exit 0; }
                  trap finish TERM; echo up; while true; do sleep 0.1; done
                volumeMounts: [ { name: v, mountPath: /tmp/v } ]
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: { name: c }
            spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
            """);
        string path = ObjectPath.Core("pods", space, "polite");
        JsonObject pod = await sandbox.UntilAsync(path, SharedSandbox.IsReady);
        await UntilLogAsync(path, "up");

        JsonObject claim = await Client.DeleteAsync(ObjectPath.Core("persistentvolumeclaims", space, "c"));
        JsonObject leaving = await Client.DeleteAsync(path);
        Assert.Equal(20, leaving.Number("metadata", "deletionGracePeriodSeconds"));
        string file = Path.Combine((await Client.GetAsync(ObjectPath.Core(
            "persistentvolumes", name: claim.Text("spec", "volumeName")!))).Text("spec", "hostPath", "path")!, "end");
        await sandbox.UntilAsync(path, _ => File.Exists(file));
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(file)!, "seen"), "");
        await sandbox.UntilGoneAsync(path);

        // The claim had to wait for its pod, the volume for its claim.
        await sandbox.UntilGoneAsync(ObjectPath.Core("persistentvolumeclaims", space, "c"));
        await sandbox.UntilGoneAsync(ObjectPath.Core("persistentvolumes", name: claim.Text("spec", "volumeName")!));
        Assert.False(File.Exists(file));
        Assert.NotNull(pod.Text("status", "podIP"));
    }

    [Fact]
    public async Task Secrets_change_in_a_running_pod_all_files_at_once()
    {
        string space = await sandbox.NamespaceAsync();
        await sandbox.CreateAsync(space,
            """
            apiVersion: v1
            kind: Secret
            metadata: { name: pair }
            stringData: { a: one, b: one }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: reader }
            spec:
              terminationGracePeriodSeconds: 0
              volumes: [ { name: v, secret: { secretName: pair } } ]
              containers:
              - name: main
                image: busybox
                command: [/bin/sh, -c, 'while true; do cd /tmp/pair/..data; echo $(cat a b); sleep 0.1; done']
                volumeMounts: [ { name: v, mountPath: /tmp/pair } ]
            """);
        string path = ObjectPath.Core("pods", space, "reader");
        await UntilLogAsync(path, "oneone");

        await Client.MergeAsync(ObjectPath.Core("secrets", space, "pair"),
            JsonFields.ParseObject("""{"stringData":{"a":"two","b":"two"}}"""));

        await UntilLogAsync(path, "twotwo");
        Assert.DoesNotContain("onetwo", await Client.GetTextAsync(path + "/log"), StringComparison.Ordinal);
    }

    /// <summary>A pod that runs a script, and has an empty volume for it.</summary>
    private static string WithVolume(string name, string script, int grace = 30, string probes = "") =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          volumes: [ { name: v, emptyDir: {} } ]
          terminationGracePeriodSeconds: {{grace}}
          containers:
          - name: main
            image: busybox
            command: [/bin/sh, -c, '{{script}}']
            volumeMounts: [ { name: v, mountPath: /tmp/v } ]
        {{probes}}
        """;

    private static string Sleeper(string name, string image) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}}, labels: { app: {{name}} } }
        spec:
          terminationGracePeriodSeconds: 0
          containers: [ { name: main, {{image}}, command: [sleep, "1000"] } ]
        """;

    private async Task UntilLogAsync(string path, string text)
    {
        string log = "";
        DateTime end = DateTime.UtcNow.AddSeconds(20);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!log.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(DateTime.UtcNow < end, $"'{text}' is not in the log:\n{log}");
            await timer.WaitForNextTickAsync();
            log = await Client.GetTextAsync(path + "/log");
        }
    }

    private string VolumeOf(JsonObject pod) => Path.Combine(
        Path.GetDirectoryName(sandbox.Cluster.HostsPath)!, "pods", pod.Text("metadata", "uid")!, "volumes", "v");

    private static string? Waiting(JsonObject pod) =>
        pod.Items("status", "containerStatuses").FirstOrDefault().Text("state", "waiting", "reason");

    private static long? Restarts(JsonObject pod) =>
        pod.Items("status", "containerStatuses").FirstOrDefault().Number("restartCount");
}
