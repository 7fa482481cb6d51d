using Kv.Sandbox.ApiServer.Schemas;
using Kv.Sandbox.ApiServer.Types;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>How a place in an object is merged: whether its map is one value, and what tells the elements of its list
/// apart. For custom resources the schema says so, for what is built in a table does.</summary>
internal abstract class Shape
{
    /// <summary>atomic, set or map.</summary>
    public virtual string ListType => "atomic";

    /// <summary>The fields that tell elements of a list of type map apart.</summary>
    public virtual IReadOnlyList<string> Keys => [];

    public virtual bool IsAtomicMap => false;

    public abstract Shape Field(string name);

    public abstract Shape Item();

    public static Shape Of(ResourceType type) =>
        type.Schema is null ? new BuiltInShape(type.Kind, "") : new SchemaShape(type.Schema, isRoot: true);

    /// <summary>A place of which nothing is known.</summary>
    private sealed class UnknownShape : Shape
    {
        public static readonly UnknownShape Any = new();

        public override Shape Field(string name) => this;

        public override Shape Item() => this;
    }

    private sealed class SchemaShape(Schema schema, bool isRoot) : Shape
    {
        public override string ListType => schema.ListType;

        public override IReadOnlyList<string> Keys => schema.ListMapKeys;

        public override bool IsAtomicMap => schema.IsAtomicMap;

        public override Shape Field(string name)
        {
            if ((isRoot || schema.IsEmbedded) && name == "metadata")
                return new BuiltInShape("", "metadata");
            Schema? field = schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties;
            return field is null ? UnknownShape.Any : new SchemaShape(field, isRoot: false);
        }

        public override Shape Item() =>
            schema.Items is null ? UnknownShape.Any : new SchemaShape(schema.Items, isRoot: false);
    }

    /// <summary>Goes by the names of fields, which mean the same wherever they stand, but for ports.</summary>
    private sealed class BuiltInShape(string kind, string name) : Shape
    {
        private static readonly Dictionary<string, string[]> ListKeys = new(StringComparer.Ordinal)
        {
            ["containers"] = ["name"],
            ["initContainers"] = ["name"],
            ["ephemeralContainers"] = ["name"],
            ["env"] = ["name"],
            ["volumes"] = ["name"],
            ["volumeMounts"] = ["mountPath"],
            ["volumeDevices"] = ["devicePath"],
            ["imagePullSecrets"] = ["name"],
            ["conditions"] = ["type"],
            ["hostAliases"] = ["ip"],
            ["topologySpreadConstraints"] = ["topologyKey", "whenUnsatisfiable"],
            ["ownerReferences"] = ["uid"],
            ["addresses"] = ["type"],
            ["podIPs"] = ["ip"],
            ["hostIPs"] = ["ip"],
            ["schedulingGates"] = ["name"],
            ["resizeStatus"] = ["name"],
        };

        private static readonly string[] Sets = ["finalizers"];

        private static readonly string[] AtomicMaps = ["selector", "nodeSelector", "labelSelector", "podSelector",
            "namespaceSelector", "fieldRef", "secretKeyRef", "configMapKeyRef", "resourceFieldRef", "involvedObject",
            "claimRef", "matchLabels", "scopeSelector", "roleRef"];

        public override string ListType =>
            Sets.Contains(name) ? "set" : Keys.Count > 0 ? "map" : "atomic";

        public override IReadOnlyList<string> Keys => name switch
        {
            "ports" when kind == "Service" => ["port", "protocol"],
            "ports" when kind is "Pod" or "Job" => ["containerPort", "protocol"],
            "ports" => [],
            "secrets" when kind == "ServiceAccount" => ["name"],
            _ => ListKeys.GetValueOrDefault(name) ?? [],
        };

        // The selector of a claim's or a spread's pods is one value; that of a job's template is, too.
        public override bool IsAtomicMap => AtomicMaps.Contains(name);

        public override Shape Field(string field) => new BuiltInShape(kind, field);

        public override Shape Item() => new BuiltInShape(kind, "");
    }
}
