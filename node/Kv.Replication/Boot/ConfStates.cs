using System.Text.Json;
using Kv.Raft;
using Kv.Storage.Log;
using Kv.Store;

namespace Kv.Replication;

/// <summary>The membership of Raft in its three written forms: raftpb's in the log, JSON in the page file, and the
/// entries that changed it.</summary>
public static class ConfStates
{
    /// <summary>Its key in the page file's bucket "meta".</summary>
    public static ReadOnlySpan<byte> Key => "confState"u8;

    /// <summary>Who was in the cluster at the last entry that the page file contains. It says so itself, unless it is
    /// of etcd 3.4 or still says what it said in another cluster, of which a snapshot was restored: then the log does,
    /// or, where that is of etcd 3.4 too, the list of members.</summary>
    /// <exception cref="Kv.Storage.CorruptDataException">What the page file says of it is damaged.</exception>
    public static ConfState AtApplied(
        LogContents contents, IReadOnlyList<Entry> entries, Backend backend, ulong applied)
    {
        using StoreSnapshot store = backend.BeginSnapshot();
        if (FindStored(store) is { } stored)
            return stored;
        if (contents.From is { Index: > 0, ConfState: null })
            return OfMembers(store.Members);

        ConfState conf = contents.From.ConfState is { } logged ? FromLog(logged) : ConfState.Empty;
        return After(conf, entries.Where(entry => entry.Index <= applied));
    }

    /// <summary>What the changes among these entries make of a membership.</summary>
    public static ConfState After(ConfState conf, IEnumerable<Entry> entries)
    {
        foreach (Entry entry in entries)
        {
            if (entry.Type != EntryType.Normal && ConfChangeCodec.TryDecode(entry, out ConfChangeV2? change))
                conf = ConfChanger.TryApply(conf, change, out ConfState? next) ? next : conf;
        }

        return conf;
    }

    /// <summary>The same of a store that is to be sent to another member.</summary>
    /// <exception cref="Kv.Storage.CorruptDataException">What the page file says of it is damaged.</exception>
    public static ConfState Of(StoreSnapshot store) => FindStored(store) ?? OfMembers(store.Members);

    public static ConfState FromLog(LogConfState logged) => new(
        ToIds(logged.Voters),
        ToIds(logged.Learners),
        ToIds(logged.VotersOutgoing),
        ToIds(logged.LearnersNext),
        logged.AutoLeave);

    public static LogConfState ToLog(ConfState conf) => new(
        ToNumbers(conf.Voters),
        ToNumbers(conf.Learners),
        ToNumbers(conf.VotersOutgoing),
        ToNumbers(conf.LearnersNext),
        conf.AutoLeave);

    /// <summary>As etcd's JSON has it: <c>{"voters":[1],"auto_leave":false}</c>, empty lists left out.</summary>
    public static byte[] ToJson(ConfState conf)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            WriteIds(writer, "voters", conf.Voters);
            WriteIds(writer, "learners", conf.Learners);
            WriteIds(writer, "voters_outgoing", conf.VotersOutgoing);
            WriteIds(writer, "learners_next", conf.LearnersNext);
            writer.WriteBoolean("auto_leave", conf.AutoLeave);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    // Null if there is none that is true. etcdutl restores the list of members, but leaves this as it was; etcd looks
    // at it only to migrate.
    private static ConfState? FindStored(StoreSnapshot store)
    {
        if (!store.TryGet(StoreBucket.Meta, Key, out byte[] json))
            return null;
        ConfState stored = Parse(store.Path, json);
        ConfState listed = OfMembers(store.Members);
        bool isTrue = stored.IsJoint
            || (stored.Voters.SequenceEqual(listed.Voters) && stored.Learners.SequenceEqual(listed.Learners));
        return isTrue ? stored : null;
    }

    private static ConfState OfMembers(IEnumerable<ClusterMember> members) => ConfState.Empty with
    {
        Voters = [.. members.Where(each => !each.IsLearner).Select(each => new NodeId(each.Id)).Order()],
        Learners = [.. members.Where(each => each.IsLearner).Select(each => new NodeId(each.Id)).Order()],
    };

    private static ConfState Parse(string path, byte[] json)
    {
        try
        {
            ConfState conf = MemberJson.Read(json, Parse);
            return conf.Voters.Count > 0
                ? conf
                : throw DamagedRow.Of(path, StoreBucket.Meta, Key, "it names no voter");
        }
        catch (JsonException fault)
        {
            throw DamagedRow.Of(path, StoreBucket.Meta, Key, $"it holds no membership: {fault.Message}");
        }
    }

    private static ConfState Parse(JsonElement root) => new(
        ReadIds(root, "voters"),
        ReadIds(root, "learners"),
        ReadIds(root, "voters_outgoing"),
        ReadIds(root, "learners_next"),
        MemberJson.TryGet(root, "auto_leave", out JsonElement autoLeave) && autoLeave.GetBoolean());

    // Their order in the file is that of whoever wrote it; Raft wants them ascending.
    private static NodeId[] ReadIds(JsonElement root, string name) =>
        MemberJson.TryGet(root, name, out JsonElement list)
            ? [.. list.EnumerateArray().Select(id => new NodeId(id.GetUInt64())).Order()]
            : [];

    private static void WriteIds(Utf8JsonWriter writer, string name, IReadOnlyList<NodeId> ids)
    {
        if (ids.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (NodeId id in ids)
            writer.WriteNumberValue(id.Value);
        writer.WriteEndArray();
    }

    private static NodeId[] ToIds(ulong[] numbers) => [.. numbers.Select(number => new NodeId(number)).Order()];

    private static ulong[] ToNumbers(IReadOnlyList<NodeId> ids) => [.. ids.Select(id => id.Value)];
}
