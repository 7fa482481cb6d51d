using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Access;

/// <summary>Roles and bindings, and what follows from them. They are read from the store when they are first needed
/// and after each write to one of them.</summary>
internal sealed class AccessRules(ObjectStore store)
{
    private static readonly string Prefix = $"/registry/{BuiltInTypes.RbacGroup}/";

    // What everybody who is known may do: find out what there is.
    private static readonly string[] PublicPaths =
        ["/api", "/apis", "/version", "/healthz", "/livez", "/readyz", "/openapi"];

    private volatile IReadOnlyList<JsonObject>? _objects;
    private int _changes;

    /// <summary>Hears every question with its answer; for tests of what somebody needs.</summary>
    public Action<Identity, AccessQuestion, bool> Heard { get; set; } = (_, _, _) => { };

    /// <summary>Makes the next question read the store.</summary>
    public void Forget()
    {
        Interlocked.Increment(ref _changes);
        _objects = null;
    }

    public async Task<bool> IsAllowedAsync(Identity who, AccessQuestion question, CancellationToken cancelled)
    {
        bool isAllowed = await AnswerAsync(who, question, cancelled);
        Heard(who, question, isAllowed);
        return isAllowed;
    }

    private async Task<bool> AnswerAsync(Identity who, AccessQuestion question, CancellationToken cancelled)
    {
        if (who.IsMaster)
            return true;
        bool isKnown = who.Groups.Contains(Identity.Authenticated);
        if (question.Resource.Length == 0)
        {
            return question.Path is "/healthz" or "/livez" or "/readyz" or "/version"
                || (isKnown && PublicPaths.Any(
                    path => question.Path == path || question.Path.StartsWith(path + "/", StringComparison.Ordinal)));
        }

        if (isKnown && question is { Verb: "create" } && question.Resource.StartsWith("selfsubject",
            StringComparison.Ordinal))
        {
            return true;
        }

        IReadOnlyList<JsonObject> rules = await GetRulesAsync(who, question.Namespace, cancelled);
        return rules.Any(question.IsAllowedBy);
    }

    /// <summary>The rules that bindings give somebody in a namespace.</summary>
    public async Task<IReadOnlyList<JsonObject>> GetRulesAsync(
        Identity who, string space, CancellationToken cancelled)
    {
        IReadOnlyList<JsonObject> objects = _objects ?? await LoadAsync(cancelled);
        List<JsonObject> rules = [];
        foreach (JsonObject binding in objects.Where(each => IsBindingFor(each, who, space)))
        {
            string? kind = binding.Text("roleRef", "kind");
            JsonObject? role = objects.FirstOrDefault(each =>
                each.Text("kind") == kind
                && each.Text("metadata", "name") == binding.Text("roleRef", "name")
                && (kind == "ClusterRole" || each.Text("metadata", "namespace") == space));
            rules.AddRange(role.Items("rules"));
        }

        return rules;
    }

    private static bool IsBindingFor(JsonObject binding, Identity who, string space)
    {
        bool isHere = binding.Text("kind") == "ClusterRoleBinding"
            || (binding.Text("kind") == "RoleBinding" && binding.Text("metadata", "namespace") == space);
        return isHere && binding.Items("subjects").Any(subject => subject.Text("kind") switch
        {
            "User" => subject.Text("name") == who.Name,
            "Group" => who.Groups.Contains(subject.Text("name") ?? ""),
            "ServiceAccount" => who.Name == Identity.OfServiceAccount(
                subject.Text("namespace") ?? binding.Text("metadata", "namespace") ?? "",
                subject.Text("name") ?? "").Name,
            _ => false,
        });
    }

    private async Task<IReadOnlyList<JsonObject>> LoadAsync(CancellationToken cancelled)
    {
        int changes = Volatile.Read(ref _changes);
        StoredList all = await store.ListAsync(Prefix, after: null, limit: 0, revision: 0, cancelled);
        IReadOnlyList<JsonObject> objects = [.. all.Objects.Select(each => each.Value)];
        if (changes == Volatile.Read(ref _changes))
            _objects = objects;
        return objects;
    }
}
