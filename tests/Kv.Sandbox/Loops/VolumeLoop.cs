using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Gives claims their volumes: directories below one of this machine. A claim of a class that waits gets its
/// volume when a pod that uses it has a node; volumes grow when claims do; a volume is deleted with its claim if its
/// class says so.</summary>
internal sealed class VolumeLoop(
    SandboxClient client, Mirror claims, Mirror volumes, Mirror classes, Mirror pods, string root)
{
    /// <summary>The provisioner of storage classes that this loop serves.</summary>
    public const string Provisioner = "kvoperator.io/sandbox-directory";

    private const string Protection = "kubernetes.io/pvc-protection";
    /// <summary>What marks the class of claims that name none.</summary>
    public const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    public async Task RunRoundAsync(CancellationToken stop)
    {
        JsonObject[] known = [.. classes.All];
        foreach (JsonObject claim in claims.All)
            await HandleAsync(claim, known, stop);
        foreach (JsonObject volume in volumes.All)
            await ReclaimAsync(volume, stop);
    }

    private async Task HandleAsync(JsonObject claim, JsonObject[] known, CancellationToken stop)
    {
        bool isLeaving = claim.Text("metadata", "deletionTimestamp") is not null;
        if (isLeaving)
        {
            if (claim.Texts("metadata", "finalizers").Contains(Protection) && !IsUsed(claim))
                await ReleaseAsync(claim, stop);
            return;
        }

        if (claim.Text("status", "phase") == "Bound")
        {
            await GrowAsync(claim, known, stop);
            return;
        }

        JsonObject? kind = ClassOf(claim, known);
        if (kind is null || kind.Text("provisioner") != Provisioner)
            return;
        if (kind.Text("volumeBindingMode") == "WaitForFirstConsumer" && NodeOf(claim) is null)
            return;
        await BindAsync(claim, kind, stop);
    }

    private static JsonObject? ClassOf(JsonObject claim, JsonObject[] known)
    {
        string? name = claim.Text("spec", "storageClassName");
        return name is null
            ? Array.Find(known, each => each.Text("metadata", "annotations", DefaultClass) == "true")
            : Array.Find(known, each => each.Text("metadata", "name") == name);
    }

    private async Task BindAsync(JsonObject claim, JsonObject kind, CancellationToken stop)
    {
        string name = "pvc-" + claim.Text("metadata", "uid");
        string path = Path.Combine(root, name);
        Directory.CreateDirectory(path);
        JsonNode? size = claim.At("spec", "resources", "requests", "storage");
        JsonObject volume = new()
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["capacity"] = new JsonObject { ["storage"] = size?.DeepClone() },
                ["accessModes"] = claim.At("spec", "accessModes")?.DeepClone(),
                ["storageClassName"] = kind.Text("metadata", "name"),
                ["persistentVolumeReclaimPolicy"] = kind.Text("reclaimPolicy") ?? "Delete",
                ["hostPath"] = new JsonObject { ["path"] = path, ["type"] = "DirectoryOrCreate" },
                ["claimRef"] = ReferenceTo(claim),
            },
        };
        if (NodeOf(claim) is { } node)
            volume.Ensure("spec")["nodeAffinity"] = AffinityTo(node);
        if (volumes.Find("", name) is null && await client.FindAsync(ObjectPath.Core("persistentvolumes",
            name: name), stop) is null)
        {
            await client.CreateAsync(ObjectPath.Core("persistentvolumes"), volume, stop);
        }

        await client.MergeAsync(
            ObjectPath.Core("persistentvolumes", name: name) + "/status",
            new JsonObject { ["status"] = new JsonObject { ["phase"] = "Bound" } }, stop);
        string claimPath = claim.To("v1", "persistentvolumeclaims");
        await client.MergeAsync(claimPath, new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["volumeName"] = name,
                ["storageClassName"] = kind.Text("metadata", "name"),
            },
        }, stop);
        await client.MergeAsync(claimPath + "/status", new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = "Bound",
                ["accessModes"] = claim.At("spec", "accessModes")?.DeepClone(),
                ["capacity"] = new JsonObject { ["storage"] = size?.DeepClone() },
            },
        }, stop);
    }

    private async Task GrowAsync(JsonObject claim, JsonObject[] known, CancellationToken stop)
    {
        JsonNode? wanted = claim.At("spec", "resources", "requests", "storage");
        bool grows = Quantity.TryRead(wanted, out Quantity size)
            && Quantity.TryRead(claim.At("status", "capacity", "storage"), out Quantity has) && size > has;
        if (!grows || ClassOf(claim, known)?.Flag("allowVolumeExpansion") != true)
            return;
        JsonObject capacity = new() { ["storage"] = wanted!.DeepClone() };
        await client.MergeAsync(
            ObjectPath.Core("persistentvolumes", name: claim.Text("spec", "volumeName") ?? ""),
            new JsonObject { ["spec"] = new JsonObject { ["capacity"] = capacity.Copy() } }, stop);
        await client.MergeAsync(
            claim.To("v1", "persistentvolumeclaims") + "/status",
            new JsonObject { ["status"] = new JsonObject { ["capacity"] = capacity } }, stop);
    }

    private Task<JsonObject> ReleaseAsync(JsonObject claim, CancellationToken stop) => client.MergeAsync(
        claim.To("v1", "persistentvolumeclaims"),
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = claim.Text("metadata", "resourceVersion"),
                ["finalizers"] = JsonFields.ToArray(
                    claim.Texts("metadata", "finalizers").Where(each => each != Protection)),
            },
        },
        stop);

    private async Task ReclaimAsync(JsonObject volume, CancellationToken stop)
    {
        JsonNode? reference = volume.At("spec", "claimRef");
        if (reference is null || volume.Text("metadata", "deletionTimestamp") is not null)
            return;
        JsonObject? claim = claims.Find(reference.Text("namespace") ?? "", reference.Text("name") ?? "");
        if (claim is not null && claim.Text("metadata", "uid") == reference.Text("uid"))
            return;

        // The mirror of claims may be behind that of volumes: only the server knows that a claim is gone.
        JsonObject? found = await client.FindAsync(ObjectPath.Core(
            "persistentvolumeclaims", reference.Text("namespace") ?? "", reference.Text("name") ?? ""), stop);
        if (found is not null && found.Text("metadata", "uid") == reference.Text("uid"))
            return;
        string path = ObjectPath.Core("persistentvolumes", name: volume.Text("metadata", "name") ?? "");
        if (volume.Text("spec", "persistentVolumeReclaimPolicy") == "Delete")
        {
            if (volume.Text("spec", "hostPath", "path") is { } directory && IsOurs(directory) && Directory.Exists(
                directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            await client.DeleteAsync(path, cancelled: stop);
        }
        else if (volume.Text("status", "phase") != "Released")
        {
            await client.MergeAsync(
                path + "/status", new JsonObject { ["status"] = new JsonObject { ["phase"] = "Released" } }, stop);
        }
    }

    private bool IsOurs(string directory) =>
        Path.GetFullPath(directory).StartsWith(Path.GetFullPath(root) + "/", StringComparison.Ordinal);

    private IEnumerable<JsonObject> PodsOf(JsonObject claim) => pods.All.Where(pod =>
        pod.Text("metadata", "namespace") == claim.Text("metadata", "namespace")
        && pod.Items("spec", "volumes").Any(volume =>
            volume.Text("persistentVolumeClaim", "claimName") == claim.Text("metadata", "name")));

    private bool IsUsed(JsonObject claim) =>
        PodsOf(claim).Any(pod => pod.Text("status", "phase") is not ("Succeeded" or "Failed"));

    private string? NodeOf(JsonObject claim) =>
        PodsOf(claim).Select(pod => pod.Text("spec", "nodeName")).FirstOrDefault(node => node is { Length: > 0 });

    private static JsonObject ReferenceTo(JsonObject claim) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "PersistentVolumeClaim",
        ["namespace"] = claim.Text("metadata", "namespace"),
        ["name"] = claim.Text("metadata", "name"),
        ["uid"] = claim.Text("metadata", "uid"),
    };

    private static JsonObject AffinityTo(string node) => new()
    {
        ["required"] = new JsonObject
        {
            ["nodeSelectorTerms"] = new JsonArray(new JsonObject
            {
                ["matchExpressions"] = new JsonArray(new JsonObject
                {
                    ["key"] = "kubernetes.io/hostname",
                    ["operator"] = "In",
                    ["values"] = new JsonArray(node),
                }),
            }),
        },
    };
}
