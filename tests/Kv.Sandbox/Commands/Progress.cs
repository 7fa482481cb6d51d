using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Spectre.Console;

namespace Kv.Sandbox.Commands;

/// <summary>Shows what happens while clusters come up, and what there is when they have.</summary>
internal sealed class Progress(IAnsiConsole console, SandboxCluster cluster, Stopwatch begun)
{
    private const string Version = "kvoperator.io/v1";
    private const string Plural = "kvclusters";
    private const string ClusterLabel = "app.kubernetes.io/instance";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);

    /// <summary>Prints events as they come, until all clusters are ready.</summary>
    /// <exception cref="TimeoutException">They are not in time; the message says how they are.</exception>
    public async Task UntilReadyAsync(IReadOnlyList<JsonObject> applied, TimeSpan patience, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + patience;
        while (true)
        {
            await ShowEventsAsync(stop);
            List<string> unready = [];
            foreach (JsonObject each in Clusters(applied))
            {
                JsonObject? now = await cluster.Client.FindAsync(each.To(Version, Plural), stop);
                if (!IsReady(now))
                    unready.Add($"{each.KeyOf()}: {now.Text("status", "message") ?? "nothing is known of it yet"}");
            }

            if (unready.Count == 0)
                return;
            if (DateTime.UtcNow > end)
                throw new TimeoutException("Not ready in time:\n" + string.Join('\n', unready));
            await timer.WaitForNextTickAsync(stop);
        }
    }

    /// <summary>Prints the members of each cluster, and lines to go on with.</summary>
    public async Task ShowAsync(IReadOnlyList<JsonObject> applied, SandboxFolder folder, CancellationToken stop)
    {
        console.WriteLine();
        foreach (JsonObject each in Clusters(applied))
            await ShowAsync(each, stop);
        console.WriteLine($"export KUBECONFIG={folder.Kubeconfig}");
        console.WriteLine("kubectl get kvc,pods,pvc");
        foreach (JsonObject each in Clusters(applied))
        {
            string name = each.Text("metadata", "name") ?? "";
            string space = each.Text("metadata", "namespace") is { } given and not "default" ? $" -n {given}" : "";
            console.WriteLine($"kubectl{space} scale kvc/{name} --replicas=5");
            JsonObject services = await cluster.Client.GetAsync(
                ObjectPath.Core("services", each.Text("metadata", "namespace") ?? ""), stop);
            JsonObject? service = services.Items("items").FirstOrDefault(
                service => service.Text("spec", "clusterIP") is not (null or "None") && IsOf(service, each));
            if (service is null)
                continue;
            string security = await WriteCertificatesAsync(each, folder, stop);
            string scheme = security.Length > 0 ? "https" : "http";
            console.WriteLine(
                $"etcdctl --endpoints={scheme}://{service.Text("spec", "clusterIP")}:2379{security} put hello world");
        }

        console.WriteLine();
    }

    private async Task ShowAsync(JsonObject each, CancellationToken stop)
    {
        JsonObject pods = await cluster.Client.GetAsync(
            ObjectPath.Core("pods", each.Text("metadata", "namespace") ?? ""), stop);
        var table = new Table { Title = new TableTitle($"KvCluster {each.KeyOf()}") };
        table.AddColumns("member", "node", "address", "ready");
        foreach (JsonObject pod in pods.Items("items").Where(pod => IsOf(pod, each)))
        {
            bool isReady = pod.Items("status", "conditions").Any(
                condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
            table.AddRow(
                pod.Text("metadata", "name") ?? "", pod.Text("spec", "nodeName") ?? "",
                pod.Text("status", "podIP") ?? "", isReady ? "yes" : "no");
        }

        console.Write(table);
    }

    private async Task ShowEventsAsync(CancellationToken stop)
    {
        JsonObject events = await cluster.Client.GetAsync(ObjectPath.Core("events"), stop);
        foreach (JsonObject each in events.Items("items").OrderBy(
            each => each.Text("metadata", "creationTimestamp"), StringComparer.Ordinal))
        {
            if (!_shown.Add(each.Text("metadata", "uid") ?? ""))
                continue;
            string kind = each.Text("involvedObject", "kind")?.ToLowerInvariant() ?? "";
            string about = $"{kind}/{each.Text("involvedObject", "name")}";
            console.MarkupLineInterpolated(
                $"[grey]{begun.Elapsed.TotalSeconds,5:0.0}s {about}[/] {each.Text("reason")}: {each.Text("message")}");
        }
    }

    /// <summary>Writes what a client needs to speak to a cluster with TLS into files.</summary>
    /// <returns>The flags of etcdctl that name them; empty without TLS.</returns>
    private async Task<string> WriteCertificatesAsync(JsonObject each, SandboxFolder folder, CancellationToken stop)
    {
        if (each.Map("spec", "tls", "client") is not { } tls)
            return "";
        string name = each.Text("metadata", "name") ?? "";
        string space = each.Text("metadata", "namespace") ?? "";
        string directory = Path.Combine(folder.Path, "certificates", space, name);
        Directory.CreateDirectory(directory);
        JsonObject? server = await cluster.Client.FindAsync(
            ObjectPath.Core("secrets", space, tls.Text("secretName") ?? $"{name}-client-tls"), stop);
        string flags = await WriteAsync(server, "cacert", "ca.crt");
        if (!tls.Flag("requireClientCertificate"))
            return flags;
        JsonObject? user = await cluster.Client.FindAsync(
            ObjectPath.Core("secrets", space, $"{name}-user-tls"), stop) ?? server;
        return flags + await WriteAsync(user, "cert", "tls.crt") + await WriteAsync(user, "key", "tls.key");

        async Task<string> WriteAsync(JsonObject? secret, string flag, string key)
        {
            string path = Path.Combine(directory, key);
            var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using var file = new FileStream(path, how);
            await file.WriteAsync(Convert.FromBase64String(secret.Text("data", key) ?? ""), stop);
            return $" --{flag}={path}";
        }
    }

    private static IEnumerable<JsonObject> Clusters(IReadOnlyList<JsonObject> applied) =>
        applied.Where(each => each.Text("kind") == "KvCluster");

    private static bool IsOf(JsonObject value, JsonObject owner) =>
        value.Items("metadata", "ownerReferences").Any(each => each.Text("uid") == owner.Text("metadata", "uid"))
        || value.Text("metadata", "labels", ClusterLabel) == owner.Text("metadata", "name");

    private static bool IsReady(JsonObject? value) =>
        value.Number("status", "observedGeneration") == value.Number("metadata", "generation")
        && value.Items("status", "conditions").Any(
            each => each.Text("type") == "Ready" && each.Text("status") == "True");
}
