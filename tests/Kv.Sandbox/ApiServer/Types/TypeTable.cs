namespace Kv.Sandbox.ApiServer.Types;

/// <summary>All kinds that are served now. Custom ones come and go while requests are under way, so a request sees one
/// snapshot of the table.</summary>
internal sealed class TypeTable
{
    private volatile Snapshot _now = new(BuiltInTypes.All, BuiltInTypes.Reviews,
        new Dictionary<string, IReadOnlyList<ResourceType>>());
    private readonly Lock _gate = new();

    public IReadOnlyList<ResourceType> All => _now.All;

    /// <summary>All, with those that can only be asked.</summary>
    public IEnumerable<ResourceType> Discovered => _now.All.Concat(BuiltInTypes.Reviews);

    public ResourceType? Find(string group, string version, string plural) =>
        _now.ByPath.GetValueOrDefault((group, version, plural));

    /// <summary>By kind, as owner references and manifests name a type.</summary>
    public ResourceType? FindKind(string apiVersion, string kind) =>
        _now.All.FirstOrDefault(type => type.ApiVersion == apiVersion && type.Kind == kind);

    /// <summary>Puts the versions of a definition in the place of those it had; none removes it.</summary>
    public void Replace(string definition, IReadOnlyList<ResourceType> types)
    {
        lock (_gate)
        {
            var custom = new Dictionary<string, IReadOnlyList<ResourceType>>(_now.Custom, StringComparer.Ordinal);
            if (types.Count == 0)
                custom.Remove(definition);
            else
                custom[definition] = types;
            _now = new Snapshot(BuiltInTypes.All, BuiltInTypes.Reviews, custom);
        }
    }

    private sealed class Snapshot
    {
        public Snapshot(
            IReadOnlyList<ResourceType> builtIn,
            IReadOnlyList<ResourceType> reviews,
            IReadOnlyDictionary<string, IReadOnlyList<ResourceType>> custom)
        {
            Custom = custom;
            All = [.. builtIn, .. custom.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(p => p.Value)];
            ByPath = All.Concat(reviews).ToDictionary(type => (type.Group, type.Version, type.Plural));
        }

        public IReadOnlyDictionary<string, IReadOnlyList<ResourceType>> Custom { get; }

        public IReadOnlyList<ResourceType> All { get; }

        public Dictionary<(string Group, string Version, string Plural), ResourceType> ByPath { get; }
    }
}
