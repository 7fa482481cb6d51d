using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Deletes what is owned by objects that are gone, finishes deletions that wait for their dependents, empties
/// namespaces that are being deleted, and definitions of custom resources that are. It looks at everything in each
/// round: a sandbox holds hundreds of objects, not millions.</summary>
internal sealed class GarbageLoop(SandboxClient client)
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private const string DefinitionFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly TimeSpan KindsAgeMax = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(string ApiVersion, string Kind), (string Plural, bool IsNamespaced)> _kinds = [];
    private IReadOnlyList<(string ApiVersion, string Plural)> _listed = [];
    private long _listedAt;

    public async Task RunRoundAsync(CancellationToken stop)
    {
        IReadOnlyList<Found> all = await ListAllAsync(stop);
        ILookup<string, Found> byOwner = all
            .SelectMany(each => each.Value.Items("metadata", "ownerReferences")
                .Select(owner => (Owner: owner.Text("uid") ?? "", Found: each)))
            .ToLookup(pair => pair.Owner, pair => pair.Found, StringComparer.Ordinal);
        var uids = all.Select(each => each.Value.Text("metadata", "uid") ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (Found each in all)
            await HandleAsync(each, all, byOwner, uids, stop);
    }

    private async Task HandleAsync(
        Found found, IReadOnlyList<Found> all, ILookup<string, Found> byOwner, HashSet<string> uids,
            CancellationToken stop)
    {
        JsonObject value = found.Value;
        string[] finalizers = [.. value.Texts("metadata", "finalizers")];
        string uid = value.Text("metadata", "uid") ?? "";
        bool isLeaving = value.Text("metadata", "deletionTimestamp") is not null;
        if (isLeaving && finalizers.Contains(Orphan))
            await OrphanAsync(found, byOwner[uid], stop);
        else if (isLeaving && finalizers.Contains(Foreground))
            await FinishForegroundAsync(found, byOwner[uid], stop);
        else if (isLeaving && found.Plural == "namespaces")
            await EmptyNamespaceAsync(found, all, stop);
        else if (isLeaving && found.Plural == "customresourcedefinitions" && finalizers.Contains(DefinitionFinalizer))
            await EmptyDefinitionAsync(found, all, stop);
        else if (!isLeaving && IsAbandoned(value, uids) && await HasNoOwnerAsync(value, stop))
            await DeleteAsync(found, "Background", stop);
    }

    private async Task OrphanAsync(Found owner, IEnumerable<Found> dependents, CancellationToken stop)
    {
        string uid = owner.Value.Text("metadata", "uid") ?? "";
        foreach (Found dependent in dependents)
        {
            JsonArray left =
            [
                .. dependent.Value.Items("metadata", "ownerReferences")
                    .Where(each => each.Text("uid") != uid).Select(each => each.DeepClone()),
            ];
            JsonObject metadata = Versioned(dependent.Value);
            metadata["ownerReferences"] = left;
            await PatchAsync(dependent, metadata, stop);
        }

        await RemoveFinalizerAsync(owner, Orphan, stop);
    }

    private async Task FinishForegroundAsync(Found owner, IEnumerable<Found> dependents, CancellationToken stop)
    {
        string uid = owner.Value.Text("metadata", "uid") ?? "";
        bool isBlocked = false;
        foreach (Found dependent in dependents)
        {
            isBlocked |= dependent.Value.Items("metadata", "ownerReferences").Any(
                each => each.Text("uid") == uid && each.Flag("blockOwnerDeletion"));
            if (dependent.Value.Text("metadata", "deletionTimestamp") is null)
                await DeleteAsync(dependent, "Foreground", stop);
        }

        if (!isBlocked)
            await RemoveFinalizerAsync(owner, Foreground, stop);
    }

    private async Task EmptyNamespaceAsync(Found found, IReadOnlyList<Found> all, CancellationToken stop)
    {
        string space = found.Value.Text("metadata", "name") ?? "";
        Found[] inside = [.. all.Where(each => each.Value.Text("metadata", "namespace") == space)];
        foreach (Found each in inside.Where(each => each.Value.Text("metadata", "deletionTimestamp") is null))
            await DeleteAsync(each, "Background", stop);
        if (inside.Length > 0)
            return;
        JsonObject finished = found.Value.Copy();
        finished.Ensure("spec")["finalizers"] = new JsonArray();
        await IgnoreGoneAsync(() => client.ReplaceAsync(
            ObjectPath.Core("namespaces", name: space) + "/finalize", finished, stop));
    }

    private async Task EmptyDefinitionAsync(Found found, IReadOnlyList<Found> all, CancellationToken stop)
    {
        string group = found.Value.Text("spec", "group") ?? "";
        string plural = found.Value.Text("spec", "names", "plural") ?? "";
        Found[] instances =
        [
            .. all.Where(each => each.Plural == plural
                && each.ApiVersion.StartsWith(group + "/", StringComparison.Ordinal)),
        ];
        foreach (Found each in instances.Where(each => each.Value.Text("metadata", "deletionTimestamp") is null))
            await DeleteAsync(each, "Background", stop);
        if (instances.Length == 0)
            await RemoveFinalizerAsync(found, DefinitionFinalizer, stop);
    }

    private static bool IsAbandoned(JsonObject value, HashSet<string> uids)
    {
        JsonObject[] owners = [.. value.Items("metadata", "ownerReferences")];
        return owners.Length > 0 && owners.All(owner => !uids.Contains(owner.Text("uid") ?? ""));
    }

    // The lists are of different moments: an owner may be younger than the list of its kind.
    private async Task<bool> HasNoOwnerAsync(JsonObject value, CancellationToken stop)
    {
        foreach (JsonObject owner in value.Items("metadata", "ownerReferences"))
        {
            string apiVersion = owner.Text("apiVersion") ?? "";
            string name = owner.Text("name") ?? "";
            if (!_kinds.TryGetValue((apiVersion, owner.Text("kind") ?? ""), out var kind))
                return false; // nobody can tell
            string space = kind.IsNamespaced ? value.Text("metadata", "namespace") ?? "" : "";
            JsonObject? found = await client.FindAsync(ObjectPath.Of(apiVersion, kind.Plural, space, name), stop);
            if (found is not null && found.Text("metadata", "uid") == owner.Text("uid"))
                return false;
        }

        return true;
    }

    private async Task DeleteAsync(Found found, string policy, CancellationToken stop)
    {
        JsonObject options = new()
        {
            ["propagationPolicy"] = policy,
            ["preconditions"] = new JsonObject { ["uid"] = found.Value.Text("metadata", "uid") },
        };
        await IgnoreGoneAsync(() => client.DeleteAsync(found.Path, options, stop));
    }

    private Task RemoveFinalizerAsync(Found found, string finalizer, CancellationToken stop)
    {
        JsonObject metadata = Versioned(found.Value);
        metadata["finalizers"] = JsonFields.ToArray(
            found.Value.Texts("metadata", "finalizers").Where(each => each != finalizer));
        return PatchAsync(found, metadata, stop);
    }

    private Task PatchAsync(Found found, JsonObject metadata, CancellationToken stop) =>
        IgnoreGoneAsync(() => client.MergeAsync(found.Path, new JsonObject { ["metadata"] = metadata }, stop));

    private static JsonObject Versioned(JsonObject value) =>
        new() { ["resourceVersion"] = value.Text("metadata", "resourceVersion") };

    // What somebody else has changed or deleted is looked at again in the next round.
    private static async Task IgnoreGoneAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (ApiFaultException fault) when (fault.Code is 404 or 409)
        {
        }
    }

    private async Task<IReadOnlyList<Found>> ListAllAsync(CancellationToken stop)
    {
        ConcurrentBag<Found> all = [];
        if (_listed.Count == 0 || Stopwatch.GetElapsedTime(_listedAt) > KindsAgeMax)
            (_listed, _listedAt) = (await ListKindsAsync(stop), Stopwatch.GetTimestamp());
        foreach ((string apiVersion, string plural) in _listed)
        {
            // A kind may have gone since the kinds were listed.
            JsonObject? list = await client.FindAsync(ObjectPath.Of(apiVersion, plural), stop);
            foreach (JsonObject item in list.Items("items"))
                all.Add(new Found(apiVersion, plural, item));
        }

        return [.. all];
    }

    private async Task<IReadOnlyList<(string ApiVersion, string Plural)>> ListKindsAsync(CancellationToken stop)
    {
        List<(string, string)> kinds = [];
        JsonObject groups = await client.GetAsync("/apis", stop);
        IEnumerable<string> versions = groups.Items("groups")
            .Select(group => group.Text("preferredVersion", "groupVersion") ?? "").Prepend("v1");
        foreach (string version in versions)
        {
            string path = version == "v1" ? "/api/v1" : $"/apis/{version}";
            JsonObject resources = await client.GetAsync(path, stop);
            foreach (JsonObject each in resources.Items("resources"))
            {
                string plural = each.Text("name") ?? "";
                if (!each.Texts("verbs").Contains("delete") || plural.Contains('/', StringComparison.Ordinal))
                    continue;
                kinds.Add((version, plural));
                _kinds[(version, each.Text("kind") ?? "")] = (plural, each.Flag("namespaced"));
            }
        }

        // Events own nothing and are not owned; in their second group they are the same objects.
        return [.. kinds.Where(kind => kind != ("events.k8s.io/v1", "events"))];
    }

    private sealed record Found(string ApiVersion, string Plural, JsonObject Value)
    {
        public string Path => Value.To(ApiVersion, Plural);
    }
}
