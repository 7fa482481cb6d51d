namespace Kv.Testing;

/// <summary>The directories of a simulated disk. A change of names is one step, and is sure to be on disk once a
/// directory that it changed was synced; of the others a crash undoes any, except that a change of a name is not kept
/// without the earlier ones of that name.</summary>
internal sealed class SimulatedNames
{
    private readonly Folder _root = new();
    private readonly List<Binding[]> _unsynced = [];

    public object? Find(string path)
    {
        object? found = _root;
        foreach (string name in Parts(path))
            found = (found as Folder)?.Current.GetValueOrDefault(name);
        return found;
    }

    public IReadOnlyList<string> List(string path) => [.. FolderAt(path).Current.Keys];

    public void CreateFolder(string path) => Change(Bind(path, new Folder()));

    public void CreateFile(string path, SimulatedContent content) => Change(Bind(path, content));

    public void Delete(string path) => Change(Bind(path, null));

    public void Rename(string from, string to)
    {
        object moved = Find(from) ?? throw new FileNotFoundException($"rename {from}: not found", from);
        Change(Bind(from, null), Bind(to, moved));
    }

    public void Sync(string path)
    {
        Folder synced = FolderAt(path);
        var needed = new HashSet<(Folder, string)>();
        var kept = new HashSet<Binding[]>();
        foreach (Binding[] change in Enumerable.Reverse(_unsynced))
        {
            if (!change.Any(binding => binding.Folder == synced || needed.Contains(binding.Place)))
                continue;
            kept.Add(change);
            needed.UnionWith(change.Select(binding => binding.Place));
        }

        Keep(kept);
    }

    public void Crash(Func<int, int> pick)
    {
        var lost = new HashSet<(Folder, string)>();
        var kept = new HashSet<Binding[]>();
        foreach (Binding[] change in _unsynced)
        {
            if (pick(2) == 1 && !change.Any(binding => lost.Contains(binding.Place)))
                kept.Add(change);
            else
                lost.UnionWith(change.Select(binding => binding.Place));
        }

        Keep(kept);
        _unsynced.Clear();
        _root.ForgetUnsynced();
    }

    /// <summary>All files that have a name now.</summary>
    public IEnumerable<SimulatedContent> Files() => _root.Files();

    private void Keep(HashSet<Binding[]> kept)
    {
        foreach (Binding[] change in _unsynced.Where(kept.Contains))
        {
            foreach (Binding binding in change)
                binding.PutInto(binding.Folder.Durable);
        }

        _unsynced.RemoveAll(kept.Contains);
    }

    private void Change(params Binding[] change)
    {
        foreach (Binding binding in change)
            binding.PutInto(binding.Folder.Current);
        _unsynced.Add(change);
    }

    private Binding Bind(string path, object? node) =>
        new(FolderAt(Path.GetDirectoryName(path)!), Path.GetFileName(path), node);

    private Folder FolderAt(string path) =>
        Find(path) as Folder ?? throw new DirectoryNotFoundException($"no directory {path}");

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a name in a folder leads to from now on; null for nothing.</summary>
    private readonly record struct Binding(Folder Folder, string Name, object? Node)
    {
        public (Folder, string) Place => (Folder, Name);

        public void PutInto(SortedDictionary<string, object> names)
        {
            if (Node is null)
                names.Remove(Name);
            else
                names[Name] = Node;
        }
    }

    private sealed class Folder
    {
        public SortedDictionary<string, object> Current { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<string, object> Durable { get; } = new(StringComparer.Ordinal);

        public void ForgetUnsynced()
        {
            Current.Clear();
            foreach ((string name, object node) in Durable)
            {
                Current.Add(name, node);
                (node as Folder)?.ForgetUnsynced();
            }
        }

        public IEnumerable<SimulatedContent> Files() => Current.Values.SelectMany(node => node switch
        {
            Folder folder => folder.Files(),
            SimulatedContent content => [content],
            _ => [],
        });
    }
}
