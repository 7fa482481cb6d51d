using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.ApiServer.Rules;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>Creates and changes objects. Each write ends in one transaction that compares the version that was read;
/// where the client did not name a version, a change by somebody else in between starts it anew.</summary>
internal sealed class ObjectWriter(ServerParts parts, ServiceAddresses addresses)
{
    private const int AttemptsMax = 20;

    public async Task<JsonObject> CreateAsync(
        ResourceType type, string space, JsonObject value, WriteOptions options, CancellationToken cancelled)
    {
        JsonObject created = (type.Conversion?.ToStored(value) ?? value).Copy();
        Identify(type, space, created);
        JsonObject metadata = created.Ensure("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 })
            throw RefusedException.BadRequest("resourceVersion should not be set on objects to be created");
        if (type.IsNamespaced)
            await RequireNamespaceAsync(type, space, cancelled);
        if (type.HasStatus)
            created.Remove("status");
        ObjectMetadata.Begin(metadata);
        BuiltInRules.Prepare(type, created, addresses);
        Complete(type, created, old: null, options);
        Manage(type, before: null, created, options);
        string name = created.Text("metadata", "name") ?? "";
        string key = type.KeyOf(space, name);
        if (options.IsDryRun)
        {
            return await parts.Store.GetAsync(key, cancelled) is null
                ? ToServed(type, created)
                : throw RefusedException.AlreadyExists(type, name);
        }

        StoredObject stored = await parts.Store.TryPutAsync(key, created, expected: 0, cancelled)
            ?? throw RefusedException.AlreadyExists(type, name);
        OnWritten(type, stored.Value);
        return ToServed(type, stored.Value);
    }

    /// <summary>Changes an object into what <paramref name="change"/> makes of it.</summary>
    /// <param name="change">Gets a copy of the object as it is stored.</param>
    public async Task<JsonObject> UpdateAsync(
        ResourceType type,
        string space,
        string name,
        Func<JsonObject, JsonObject> change,
        WriteOptions options,
        CancellationToken cancelled)
    {
        string key = type.KeyOf(space, name);
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            StoredObject current = await parts.Store.GetAsync(key, cancelled)
                ?? throw RefusedException.NotFound(type, name);
            JsonObject wanted = change(ToServed(type, current.Value.Copy()));
            wanted = type.Conversion?.ToStored(wanted) ?? wanted;
            Identify(type, space, wanted);
            if (wanted.Text("metadata", "name") is var given && given != name)
            {
                throw RefusedException.BadRequest(
                    $"the name of the object ({given}) does not match the name on the URL ({name})");
            }

            RequireVersion(type, name, current, wanted);
            JsonObject next = Next(type, current.Value, wanted, options);
            if (options.IsDryRun || IsSame(current.Value, next))
                return ToServed(type, options.IsDryRun ? next : current.Value);
            if (await TryStoreAsync(type, key, next, current.Revision, cancelled) is { } stored)
                return ToServed(type, stored);
        }

        throw RefusedException.Changed(type, name);
    }

    /// <summary>An object as clients of a kind see it.</summary>
    public static JsonObject ToServed(ResourceType type, JsonObject value)
    {
        JsonObject served = type.Conversion?.ToServed(value) ?? value;
        served["apiVersion"] = type.ApiVersion;
        served["kind"] = type.Kind;
        if (type.Schema is not null)
            Schemas.SchemaFilling.Fill(type.Schema, served);
        return served;
    }

    /// <summary>Stores what became of an object: nothing any more, if all that it waited for is gone.</summary>
    public async Task<JsonObject?> TryStoreAsync(
        ResourceType type, string key, JsonObject next, long expected, CancellationToken cancelled)
    {
        if (ObjectMetadata.IsFinished(type, next))
        {
            if (await parts.Store.TryDeleteAsync(key, expected, cancelled) is null)
                return null;
            OnRemoved(type, next);
            return next;
        }

        StoredObject? stored = await parts.Store.TryPutAsync(key, next, expected, cancelled);
        if (stored is not null)
            OnWritten(type, stored.Value);
        return stored?.Value;
    }

    public void OnRemoved(ResourceType type, JsonObject value)
    {
        if (type.Kind == "CustomResourceDefinition")
            parts.Types.Replace(value.Text("metadata", "name") ?? "", []);
        if (type.Group == BuiltInTypes.RbacGroup)
            parts.Access.Forget();
    }

    private void OnWritten(ResourceType type, JsonObject value)
    {
        if (type.Kind == "CustomResourceDefinition")
            parts.Types.Replace(value.Text("metadata", "name") ?? "", CustomTypes.Read(value));
        if (type.Group == BuiltInTypes.RbacGroup)
            parts.Access.Forget();
    }

    private static void Identify(ResourceType type, string space, JsonObject value)
    {
        string version = type.Conversion is null ? type.ApiVersion : "v1";
        if (value.Text("apiVersion") is { Length: > 0 } given && given != version)
        {
            throw RefusedException.BadRequest(
                $"the API version in the data ({given}) does not match the expected API version ({version})");
        }

        if (value.Text("kind") is { Length: > 0 } kind && kind != type.Kind)
            throw RefusedException.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {type.Kind}");
        value["apiVersion"] = version;
        value["kind"] = type.Kind;
        JsonObject metadata = value.Ensure("metadata");
        if (!type.IsNamespaced)
        {
            metadata.Remove("namespace");
        }
        else if (metadata.Text("namespace") is { Length: > 0 } other && other != space)
        {
            throw RefusedException.BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request");
        }
        else
        {
            metadata["namespace"] = space;
        }
    }

    private async Task RequireNamespaceAsync(ResourceType type, string space, CancellationToken cancelled)
    {
        ResourceType namespaces = parts.Types.Find("", "v1", "namespaces")!;
        StoredObject found = await parts.Store.GetAsync(namespaces.KeyOf("", space), cancelled)
            ?? throw RefusedException.NotFound(namespaces, space);
        if (found.Value.Text("metadata", "deletionTimestamp") is null)
            return;
        JsonObject details = RefusedException.DetailsOf(type, "");
        details["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {space} is being terminated",
            ["field"] = "metadata.namespace",
        });
        throw RefusedException.Forbidden(
            $"unable to create new content in namespace {space} because it is being terminated", details);
    }

    // A patch carries the version that was just read, unless the client wishes for another.
    private static void RequireVersion(ResourceType type, string name, StoredObject current, JsonObject wanted)
    {
        string? version = wanted.Text("metadata", "resourceVersion");
        if (version is null or "" or "0")
        {
            if (type.AllowsUnconditionalUpdate)
                return;
            throw RefusedException.Invalid(type, name,
                [FieldFault.Invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
        }

        if (version != current.Value.Text("metadata", "resourceVersion"))
            throw RefusedException.Changed(type, name);
    }

    private static JsonObject Next(ResourceType type, JsonObject old, JsonObject wanted, WriteOptions options)
    {
        JsonObject next = ObjectMetadata.Carry(type, old, wanted, options.Subresource);
        if (options.Subresource.Length == 0)
            BuiltInRules.PrepareUpdate(type, next);
        Complete(type, next, old, options);
        ObjectMetadata.CountGeneration(type, old, next);
        Manage(type, old, next, options);
        return next;
    }

    /// <summary>Prunes, fills in and judges.</summary>
    private static void Complete(ResourceType type, JsonObject value, JsonObject? old, WriteOptions options)
    {
        List<FieldFault> faults = [.. ObjectMetadata.FindFaults(value, old)];
        if (old is null)
            faults.AddRange(ObjectNames.FindFaults(type, value));
        if (type.Schema is not null)
        {
            IReadOnlyList<string> unknown = Schemas.SchemaFilling.Prune(type.Schema, value);
            ReportUnknown(unknown, options);
            Schemas.SchemaFilling.Fill(type.Schema, value);
            faults.AddRange(new Schemas.SchemaValidator("").Validate(type.Schema, value, old));
        }

        bool isStatus = options.Subresource == "status";
        if (!isStatus)
            faults.AddRange(BuiltInRules.FindFaults(type, value, old));
        if (faults.Count > 0)
            throw RefusedException.Invalid(type, value.Text("metadata", "name") ?? "", faults);
    }

    private static void ReportUnknown(IReadOnlyList<string> unknown, WriteOptions options)
    {
        string[] texts = [.. unknown.Select(field => $"unknown field \"{field}\"")];
        if (texts.Length == 0 || options.FieldValidation == "Ignore")
            return;
        if (options.FieldValidation == "Strict")
            throw RefusedException.BadRequest("strict decoding error: " + string.Join(", ", texts));
        foreach (string text in texts)
            options.Warn(text);
    }

    private static void Manage(ResourceType type, JsonObject? before, JsonObject after, WriteOptions options)
    {
        if (options.IsApply)
            return;
        JsonNode? given = after.At("metadata", "managedFields");
        JsonObject copy = after.Copy();
        if (before is not null && given is null)
            copy.Ensure("metadata")["managedFields"] = before.At("metadata", "managedFields")?.DeepClone();
        var managed = ManagedFields.Of(copy);
        managed.OnUpdate(options.WriterOf(type), before, after, Shape.Of(type));
        managed.WriteTo(after);
    }

    private static bool IsSame(JsonObject old, JsonObject next)
    {
        return JsonFields.AreSame(Plain(old), Plain(next));

        // Times in managedFields alone are no change.
        static JsonObject Plain(JsonObject value)
        {
            JsonObject copy = value.Copy();
            foreach (JsonObject entry in copy.Items("metadata", "managedFields"))
                entry.Remove("time");
            return copy;
        }
    }
}
