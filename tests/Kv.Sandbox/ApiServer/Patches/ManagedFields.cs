using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>Who manages which fields of an object: metadata.managedFields.</summary>
internal sealed class ManagedFields
{
    private const string Apply = "Apply";
    private const string Update = "Update";

    private readonly List<Entry> _entries;

    private ManagedFields(List<Entry> entries) => _entries = entries;

    public IReadOnlyList<Entry> Entries => _entries;

    public static ManagedFields Of(JsonObject value) => new(
    [
        .. value.Items("metadata", "managedFields").Select(each => new Entry(
            each.Text("manager") ?? "", each.Text("operation") ?? Update, each.Text("subresource") ?? "",
            each.Text("apiVersion") ?? "", FieldSet.Parse(each["fieldsV1"]), each.Text("time") ?? "")),
    ]);

    /// <summary>Takes in that a manager has written an object by other means than apply: what changed is its
    /// own.</summary>
    public void OnUpdate(Writer writer, JsonObject? before, JsonObject after, Shape shape)
    {
        FieldSet changed = Owned(FieldChanges.Find(before, after, shape), writer.Subresource);
        FieldSet gone = before is null
            ? new FieldSet()
            : FieldSet.Of(before, shape).Except(FieldSet.Of(after, shape));
        var own = new Entry(writer.Manager, Update, writer.Subresource, writer.ApiVersion, changed, writer.Time);
        int at = _entries.FindIndex(each => each.IsBy(own));
        for (int index = 0; index < _entries.Count; index++)
        {
            Entry entry = _entries[index];
            FieldSet left = entry.Fields.Except(gone);
            _entries[index] = entry with { Fields = index == at ? left.Union(changed) : left.Except(changed) };
        }

        if (at < 0 && !changed.IsEmpty)
            _entries.Add(own);
        else if (at >= 0 && !changed.IsEmpty)
            _entries[at] = _entries[at] with { Time = writer.Time, ApiVersion = writer.ApiVersion };
        _entries.RemoveAll(each => each.Fields.IsEmpty);
    }

    /// <summary>The fields that an earlier apply of the same manager had set.</summary>
    public FieldSet AppliedBy(Writer writer) =>
        _entries.Find(each => each.IsApplyOf(writer))?.Fields ?? new FieldSet();

    /// <summary>All fields that somebody else manages.</summary>
    public FieldSet OfOthers(Writer writer) => _entries
        .Where(each => !each.IsApplyOf(writer))
        .Aggregate(new FieldSet(), (all, each) => all.Union(each.Fields));

    /// <summary>Takes in that a manager has applied fields; those it forced are taken from the others.</summary>
    public void OnApply(Writer writer, FieldSet applied, FieldSet forced)
    {
        for (int index = 0; index < _entries.Count; index++)
        {
            if (!_entries[index].IsApplyOf(writer))
                _entries[index] = _entries[index] with { Fields = _entries[index].Fields.Except(forced) };
        }

        int at = _entries.FindIndex(each => each.IsApplyOf(writer));
        if (at >= 0 && _entries[at].Fields.HasSame(applied))
            return;
        if (at >= 0)
            _entries.RemoveAt(at);
        _entries.Add(new Entry(writer.Manager, Apply, writer.Subresource, writer.ApiVersion, applied, writer.Time));
        _entries.RemoveAll(each => each.Fields.IsEmpty);
    }

    public void WriteTo(JsonObject value)
    {
        JsonObject metadata = value.Ensure("metadata");
        if (_entries.Count == 0)
            metadata.Remove("managedFields");
        else
            metadata["managedFields"] = new JsonArray([.. _entries.Select(each => each.ToJson())]);
    }

    /// <summary>Of all fields, those that anybody can own through a subresource.</summary>
    public static FieldSet Owned(FieldSet all, string subresource)
    {
        if (subresource == "status")
            return all.Only("status");
        FieldSet owned = all.Without("apiVersion").Without("kind");
        foreach (string name in SystemFields)
            owned = owned.Without("metadata", name);
        return owned;
    }

    private static readonly string[] SystemFields = ["name", "namespace", "uid", "resourceVersion", "generation",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"];

    /// <summary>Who writes, how and when.</summary>
    internal sealed record Writer(string Manager, string Subresource, string ApiVersion, string Time)
    {
        public static string Now => TimeConverter.ToText(DateTime.UtcNow);
    }

    internal sealed record Entry(
        string Manager, string Operation, string Subresource, string ApiVersion, FieldSet Fields, string Time)
    {
        public bool IsBy(Entry other) =>
            Manager == other.Manager && Operation == other.Operation && Subresource == other.Subresource;

        public bool IsApplyOf(Writer writer) =>
            Operation == Apply && Manager == writer.Manager && Subresource == writer.Subresource;

        public JsonObject ToJson()
        {
            JsonObject entry = new()
            {
                ["manager"] = Manager,
                ["operation"] = Operation,
                ["apiVersion"] = ApiVersion,
                ["time"] = Time,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = Fields.ToJson(),
            };
            if (Subresource.Length > 0)
                entry["subresource"] = Subresource;
            return entry;
        }
    }
}
