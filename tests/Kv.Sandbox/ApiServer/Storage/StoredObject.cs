using System.Text.Json.Nodes;

namespace Kv.Sandbox.ApiServer.Storage;

/// <summary>An object as the store has it; its JSON names the revision as metadata.resourceVersion.</summary>
/// <param name="Revision">Of its last change.</param>
internal sealed record StoredObject(string Key, JsonObject Value, long Revision);

/// <summary>A page of objects, in the order of their keys.</summary>
/// <param name="Revision">Of the whole store when it was read.</param>
/// <param name="Remaining">How many follow after this page.</param>
internal sealed record StoredList(IReadOnlyList<StoredObject> Objects, long Revision, long Remaining);

/// <summary>One change under a watched prefix, or, without an object, the news that nothing happened up to a
/// revision.</summary>
/// <param name="Now">The object after the change; null if it was deleted.</param>
/// <param name="Before">The object before it; null if it is new.</param>
internal sealed record StoredChange(JsonObject? Now, JsonObject? Before, long Revision)
{
    public bool IsProgress => Now is null && Before is null;
}

/// <summary>What was asked for has been compacted away.</summary>
/// <param name="oldest">The oldest revision that can still be had.</param>
internal sealed class RevisionGoneException(long oldest) : Exception($"The store begins at revision {oldest}.")
{
    public long Oldest { get; } = oldest;
}
