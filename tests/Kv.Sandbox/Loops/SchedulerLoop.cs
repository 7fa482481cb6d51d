using System.Numerics;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Requests;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Gives each pod a node: one that it may run on, and of these the one that spreads it best.</summary>
internal sealed class SchedulerLoop(
    SandboxClient client, Mirror pods, Mirror nodes, Mirror claims, Mirror volumes, Mirror classes, EventWriter events)
{
    // Pods that were given a node in this round, before the mirror knows.
    private readonly Dictionary<string, string> _placed = new(StringComparer.Ordinal);

    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (string uid in _placed.Keys.ToArray())
        {
            bool isKnown = pods.All.All(pod => pod.Text("metadata", "uid") != uid || NodeOf(pod).Length > 0);
            if (isKnown)
                _placed.Remove(uid);
        }

        JsonObject[] waiting =
        [
            .. pods.All.Where(pod => NodeOf(pod).Length == 0 && pod.Text("metadata", "deletionTimestamp") is null
                && !_placed.ContainsKey(pod.Text("metadata", "uid") ?? ""))
                .OrderBy(pod => pod.Text("metadata", "creationTimestamp"), StringComparer.Ordinal),
        ];
        foreach (JsonObject pod in waiting)
            await PlaceAsync(pod, stop);
    }

    private async Task PlaceAsync(JsonObject pod, CancellationToken stop)
    {
        if (FindClaimFault(pod) is { } fault)
        {
            await RefuseAsync(pod, fault, stop);
            return;
        }

        Dictionary<string, int> reasons = [];
        List<JsonObject> fitting = [];
        foreach (JsonObject node in nodes.All)
        {
            if (FindFault(pod, node) is { } reason)
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            else
                fitting.Add(node);
        }

        if (fitting.Count == 0)
        {
            string all = string.Join(", ", reasons.Select(pair => $"{pair.Value} {pair.Key}"));
            await RefuseAsync(pod, $"0/{nodes.All.Count()} nodes are available: {all}.", stop);
            return;
        }

        JsonObject best = fitting.OrderBy(node => Crowd(pod, node, "topology.kubernetes.io/zone"))
            .ThenBy(node => Crowd(pod, node, "kubernetes.io/hostname"))
            .ThenBy(node => OnNode(node).Count())
            .ThenBy(node => node.Text("metadata", "name"), StringComparer.Ordinal).First();
        string name = best.Text("metadata", "name") ?? "";
        _placed[pod.Text("metadata", "uid") ?? ""] = name;
        await client.CreateAsync(pod.To("v1", "pods") + "/binding", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Text("metadata", "name") },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = name },
        }, stop);
        await events.WriteAsync(
            pod, "v1", "Pod", "Normal", "Scheduled", $"Successfully assigned {pod.KeyOf()} to {name}", stop);
    }

    private string? FindClaimFault(JsonObject pod)
    {
        foreach (string name in ClaimsOf(pod))
        {
            JsonObject? claim = claims.Find(pod.Text("metadata", "namespace") ?? "", name);
            if (claim is null)
                return $"0/{nodes.All.Count()} nodes are available: persistentvolumeclaim \"{name}\" not found.";
            if (claim.Text("metadata", "deletionTimestamp") is not null)
                return $"persistentvolumeclaim \"{name}\" is being deleted";
            if (claim.Text("spec", "volumeName") is not { Length: > 0 } && !WaitsForPod(claim))
            {
                return $"0/{nodes.All.Count()} nodes are available: pod has unbound immediate PersistentVolumeClaims. "
                    + "not found";
            }
        }

        return null;
    }

    /// <summary>Whether a claim gets its volume once a pod that uses it has a node; one whose class does not exist, or
    /// that has none, does not.</summary>
    private bool WaitsForPod(JsonObject claim)
    {
        string? name = claim.Text("spec", "storageClassName");
        JsonObject? kind = name is null
            ? classes.All.FirstOrDefault(
                each => each.Text("metadata", "annotations", VolumeLoop.DefaultClass) == "true")
            : classes.Find("", name);
        return kind.Text("volumeBindingMode") == "WaitForFirstConsumer";
    }

    private string? FindFault(JsonObject pod, JsonObject node)
    {
        bool isReady = node.Items("status", "conditions").Any(
            each => each.Text("type") == "Ready" && each.Text("status") == "True");
        if (!isReady)
            return "node(s) were not ready";
        if (node.Flag("spec", "unschedulable"))
            return "node(s) were unschedulable";
        JsonNode? labels = node.At("metadata", "labels");
        bool isSelected = pod.Pairs("spec", "nodeSelector").All(pair => labels.Text(pair.Key) == pair.Value)
            && FitsTerms(pod.Map("spec", "affinity", "nodeAffinity",
                "requiredDuringSchedulingIgnoredDuringExecution"), labels);
        if (!isSelected)
            return "node(s) didn't match Pod's node affinity/selector";
        if (node.Items("spec", "taints").Any(taint => IsRepelled(pod, taint)))
            return "node(s) had untolerated taint(s)";
        foreach (string resource in new[] { "cpu", "memory", "ephemeral-storage" })
        {
            BigInteger wanted = Requested(pod, resource);
            BigInteger taken = OnNode(node).Aggregate(BigInteger.Zero, (sum, each) => sum + Requested(each, resource));
            if (wanted > 0 && taken + wanted > Read(node.At("status", "allocatable", resource)))
                return $"Insufficient {resource}";
        }

        if (!ClaimsOf(pod).All(claim => CanReach(pod, claim, labels)))
            return "node(s) had volume node affinity conflict";
        if (!IsApart(pod, node))
            return "node(s) didn't match pod anti-affinity rules";
        return IsSpread(pod, node) ? null : "node(s) didn't match pod topology spread constraints";
    }

    private static BigInteger Requested(JsonObject pod, string resource) => pod.Items("spec", "containers").Aggregate(
        BigInteger.Zero, (sum, each) => sum + Read(
            each.At("resources", "requests", resource) ?? each.At("resources", "limits", resource)));

    private static BigInteger Read(JsonNode? amount) => Quantity.TryRead(amount, out Quantity read) ? read.Nano : 0;

    private static bool FitsTerms(JsonObject? selector, JsonNode? labels) =>
        selector is null || selector.Items("nodeSelectorTerms").Any(term => Selectors.Fit(term, labels));

    private static bool IsRepelled(JsonObject pod, JsonObject taint)
    {
        if (taint.Text("effect") is not ("NoSchedule" or "NoExecute"))
            return false;
        return !pod.Items("spec", "tolerations").Any(each =>
            (each.Text("key") is null or "" || each.Text("key") == taint.Text("key"))
            && (each.Text("effect") is null or "" || each.Text("effect") == taint.Text("effect"))
            && (each.Text("operator") == "Exists" || (each.Text("value") ?? "") == (taint.Text("value") ?? "")));
    }

    private bool CanReach(JsonObject pod, string claimName, JsonNode? labels)
    {
        JsonObject? claim = claims.Find(pod.Text("metadata", "namespace") ?? "", claimName);
        JsonObject? volume = volumes.Find("", claim.Text("spec", "volumeName") ?? "");
        return FitsTerms(volume.Map("spec", "nodeAffinity", "required"), labels);
    }

    private bool IsApart(JsonObject pod, JsonObject node)
    {
        return pod.Items("spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution").All(
            term => !Near(pod, node, term.Text("topologyKey") ?? "", term.Map("labelSelector")).Any());
    }

    private bool IsSpread(JsonObject pod, JsonObject node)
    {
        foreach (JsonObject rule in pod.Items("spec", "topologySpreadConstraints"))
        {
            if (rule.Text("whenUnsatisfiable") != "DoNotSchedule")
                continue;
            string key = rule.Text("topologyKey") ?? "";
            JsonObject? selector = rule.Map("labelSelector");
            int here = Near(pod, node, key, selector).Count() + 1;
            int least = nodes.All.Min(each => Near(pod, each, key, selector).Count());
            if (here - least > (rule.Number("maxSkew") ?? 1))
                return false;
        }

        return true;
    }

    /// <summary>How many pods like this one are in the same zone or on the same node.</summary>
    private int Crowd(JsonObject pod, JsonObject node, string key)
    {
        JsonObject? own = pod.Map("metadata", "labels");
        string? name = own.Text("app.kubernetes.io/instance") ?? own.Text("app");
        if (name is null)
            return 0;
        string? domain = node.Text("metadata", "labels", key);
        return nodes.All.Where(each => each.Text("metadata", "labels", key) == domain).SelectMany(OnNode).Count(each =>
            (each.Text("metadata", "labels", "app.kubernetes.io/instance") ?? each.Text("metadata", "labels",
                "app")) == name);
    }

    private IEnumerable<JsonObject> Near(JsonObject pod, JsonObject node, string key, JsonObject? selector)
    {
        string? domain = node.Text("metadata", "labels", key);
        return nodes.All.Where(each => each.Text("metadata", "labels", key) == domain).SelectMany(OnNode).Where(each =>
            each.Text("metadata", "namespace") == pod.Text("metadata", "namespace")
            && each.Text("metadata", "uid") != pod.Text("metadata", "uid")
            && Selectors.Fit(selector, each.At("metadata", "labels")));
    }

    private IEnumerable<JsonObject> OnNode(JsonObject node) => pods.All.Where(pod =>
        (NodeOf(pod) is { Length: > 0 } known ? known : _placed.GetValueOrDefault(pod.Text("metadata", "uid") ?? "",
            ""))
            == node.Text("metadata", "name")
        && pod.Text("status", "phase") is not ("Succeeded" or "Failed"));

    private static string NodeOf(JsonObject pod) => pod.Text("spec", "nodeName") ?? "";

    private static IEnumerable<string> ClaimsOf(JsonObject pod) =>
        pod.Items("spec", "volumes").Select(volume => volume.Text("persistentVolumeClaim",
            "claimName")).OfType<string>();

    private async Task RefuseAsync(JsonObject pod, string message, CancellationToken stop)
    {
        JsonObject? known = pod.Items("status", "conditions").FirstOrDefault(
            each => each.Text("type") == "PodScheduled");
        if (known.Text("message") == message)
            return;
        JsonObject condition = new()
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["reason"] = "Unschedulable",
            ["message"] = message,
            ["lastTransitionTime"] = ApiServer.Patches.ManagedFields.Writer.Now,
        };
        await client.MergeAsync(pod.To("v1", "pods") + "/status", new JsonObject
        {
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
        }, stop);
        await events.WriteAsync(pod, "v1", "Pod", "Warning", "FailedScheduling", message, stop);
    }
}
