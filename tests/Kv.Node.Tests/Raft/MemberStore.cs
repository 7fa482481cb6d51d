using System.Globalization;
using System.Text;
using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>A store that remembers all it has applied, so that stores can be compared entry by entry. As in a real one,
/// what was applied last is lost in a crash, and applied again.</summary>
internal sealed class MemberStore(ulong applied, ConfState conf)
{
    private List<(EntryId Id, string Text)> _history = [];
    private readonly Dictionary<ulong, ConfState> _confs = [];
    private MemberStore? _saved;

    public ulong Applied { get; private set; } = applied;

    public ConfState Conf { get; private set; } = conf;

    public IReadOnlyList<(EntryId Id, string Text)> History => _history;

    public void Apply(in Entry entry, ConfState conf)
    {
        Assert.Equal(Applied + 1, entry.Index);
        _saved ??= Copy();
        _history.Add((entry.Id, Encoding.UTF8.GetString(entry.Data.Span)));
        Applied = entry.Index;
        Conf = conf;
        _confs[entry.Index] = conf;
    }

    public ConfState ConfAt(ulong index) => _confs[index];

    /// <summary>From here on a crash loses nothing of what was applied before.</summary>
    public void Save() => _saved = null;

    public MemberStore AsAfterCrash() => _saved ?? this;

    /// <summary>The whole store as a snapshot's data, one entry a line.</summary>
    public Snapshot ToSnapshot(EntryId atLeast)
    {
        Assert.True(Applied >= atLeast.Index);
        EntryId id = _history.Count > 0 ? _history[^1].Id : atLeast;
        IEnumerable<string> lines = _history.Select(entry => $"{entry.Id.Term} {entry.Id.Index} {entry.Text}");
        return new Snapshot(id, Conf, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    public void Restore(Snapshot snapshot)
    {
        Assert.True(snapshot.Id.Index > Applied);
        _history = [.. Encoding.UTF8.GetString(snapshot.Data.Span).Split('\n').Where(line => line != "").Select(Parse)];
        Applied = snapshot.Id.Index;
        Conf = snapshot.Conf;
        Save();
    }

    private static (EntryId Id, string Text) Parse(string line)
    {
        string[] parts = line.Split(' ', 3);
        return (new EntryId(Number(parts[0]), Number(parts[1])), parts[2]);
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);

    private MemberStore Copy() => new(Applied, Conf) { _history = [.. _history] };
}
