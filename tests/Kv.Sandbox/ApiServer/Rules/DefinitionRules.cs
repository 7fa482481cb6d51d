using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Definitions of custom resources: their names are always free here, so they are established at
/// once.</summary>
internal static class DefinitionRules
{
    /// <summary>Keeps a definition until its objects are gone.</summary>
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    public static void Prepare(JsonObject definition)
    {
        JsonObject names = definition.Ensure("spec", "names");
        string kind = names.Text("kind") ?? "";
        names.Default("singular", kind.ToLowerInvariant());
        names.Default("listKind", kind + "List");
        definition.Ensure("spec").Default("conversion", new JsonObject { ["strategy"] = "None" });
        if (definition.Text("metadata", "deletionTimestamp") is null)
            BuiltInRules.AddFinalizer(definition, Finalizer);
        JsonObject status = definition.Ensure("status");
        status["acceptedNames"] = names.Copy();
        status["storedVersions"] = JsonFields.ToArray(definition.Items("spec", "versions")
            .Where(version => version.Flag("storage")).Select(version => version.Text("name") ?? ""));
        if (status["conditions"] is not JsonArray)
        {
            status["conditions"] = new JsonArray(
                Condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                Condition("Established", "InitialNamesAccepted", "the initial names have been accepted"));
        }
    }

    private static JsonObject Condition(string type, string reason, string message) => new()
    {
        ["type"] = type,
        ["status"] = "True",
        ["lastTransitionTime"] = ManagedFields.Writer.Now,
        ["reason"] = reason,
        ["message"] = message,
    };
}
