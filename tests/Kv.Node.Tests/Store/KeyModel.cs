using Kv.Store;

namespace Kv.Node.Tests.Store;

/// <summary>What is known of keys as etcd describes it: a list of generations each, searched from the front. Kept apart
/// from the index's own way of thinking, so that both cannot be wrong in the same way.</summary>
internal sealed class KeyModel
{
    private readonly SortedDictionary<byte[], List<Generation>> _keys = new(new BytesOrder());

    public IEnumerable<byte[]> Keys => _keys.Keys;

    /// <summary>Keys that are alike enough to be prefixes and neighbours of each other.</summary>
    public static byte[] RandomKey(Random random)
    {
        byte[] key = new byte[random.Next(12)];
        for (int index = 0; index < key.Length; index++)
            key[index] = (byte)(random.Next(6) == 0 ? random.Next(256) : 'a' + random.Next(2));
        return random.Next(3) == 0 ? [.. "/registry/pods/"u8, .. key] : key;
    }

    public void Put(byte[] key, Revision revision)
    {
        if (!_keys.TryGetValue(key, out List<Generation>? generations))
            _keys.Add(key, generations = [new Generation()]);
        if (generations[^1].IsClosed)
            generations.Add(new Generation());
        Generation last = generations[^1];
        if (last.Revisions.Count == 0)
            last.Created = revision.Main;
        last.Revisions.Add(revision);
        last.Version++;
    }

    public bool Delete(byte[] key, Revision revision)
    {
        if (!_keys.TryGetValue(key, out List<Generation>? generations) || generations[^1].IsClosed)
            return false;

        generations[^1].Revisions.Add(revision);
        generations[^1].Version++;
        generations[^1].IsClosed = true;
        return true;
    }

    public KeyState? Get(byte[] key, long at)
    {
        if (!_keys.TryGetValue(key, out List<Generation>? generations))
            return null;

        // A life that begins with or before the revision and has not ended by then.
        Generation? life = generations.LastOrDefault(life => life.Revisions.Any(revision => revision.Main <= at));
        if (life is null || (life.IsClosed && life.Revisions[^1].Main <= at))
            return null;

        int index = life.Revisions.FindLastIndex(revision => revision.Main <= at);
        return new KeyState(life.Revisions[index], life.Created, life.Version - (life.Revisions.Count - index - 1));
    }

    public bool Contains(byte[] key, Revision revision) =>
        _keys.TryGetValue(key, out List<Generation>? generations) &&
        generations.Any(life => life.Revisions.Contains(revision));

    public void Compact(long at)
    {
        foreach ((byte[] key, List<Generation> generations) in _keys.ToArray())
        {
            int chosen = generations.FindIndex(life => !life.IsClosed || life.Revisions[^1].Main >= at);
            generations.RemoveRange(0, chosen < 0 ? generations.Count : chosen);
            if (generations.Count == 0)
            {
                _keys.Remove(key);
                continue;
            }

            List<Revision> revisions = generations[0].Revisions;
            int kept = revisions.FindLastIndex(revision => revision.Main <= at);
            if (kept > 0)
                revisions.RemoveRange(0, kept);
        }
    }

    private sealed class Generation
    {
        public List<Revision> Revisions { get; } = [];

        public long Created { get; set; }

        public long Version { get; set; }

        public bool IsClosed { get; set; }
    }
}
