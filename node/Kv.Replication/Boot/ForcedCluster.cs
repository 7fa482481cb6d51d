using Kv.Raft;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Makes a member a cluster of its own, for when the others are lost for good
/// (<c>--force-new-cluster</c>): entries that nobody agreed on, but that count as committed, take the others out of the
/// cluster.
/// <para>All that its log holds stays, where etcd gives up what this member did not know to be committed. A write may
/// well have been acknowledged by a leader that was lost before it could say so; and one that was not may have been
/// done as well as not, for all its client knows. What was acknowledged elsewhere and never came here is lost, which is
/// why this is done by hand.</para></summary>
public static class ForcedCluster
{
    /// <summary>Writes it into a log that was opened and that nothing works with yet; the entries are applied when the
    /// member starts. <paramref name="members"/> are those that the page file knows, and
    /// <paramref name="peerUrls"/> is where this one will be found, should it not be among them.</summary>
    /// <exception cref="CorruptDataException">This member was removed from the cluster, or the change of the
    /// membership that is under way cannot be undone.</exception>
    public static OpenedLog Make(OpenedLog opened, MemberBook members, IReadOnlyList<string> peerUrls)
    {
        RestoredState state = opened.State;
        HardState hard = state.HardState;
        var self = new NodeId(opened.Contents.Metadata.NodeId);
        List<Entry> entries = Kept(state, self);
        ConfState conf = ConfStates.After(state.Conf, entries.Where(entry => entry.Index > state.Applied));
        Refuse(conf, self, members);

        ulong last = entries.Count > 0 ? entries[^1].Index : hard.Commit;
        foreach (ConfChange change in Changes(conf, self, peerUrls))
        {
            byte[] data = ConfChangeCodec.Encode(change);
            opened.Writer.AppendEntry((int)EntryType.ConfChange, hard.Term, ++last, data);
            entries.Add(new Entry(new EntryId(hard.Term, last), EntryType.ConfChange, data));
        }

        opened.Writer.AppendState(new LogState(hard.Term, hard.Vote.Value, last));
        opened.Writer.Sync();
        return opened with
        {
            State = state with { HardState = hard with { Commit = last }, Entries = entries },
        };
    }

    // All but what would take this member out and is not known to be committed: it could not be added again.
    private static List<Entry> Kept(RestoredState state, NodeId self)
    {
        List<Entry> kept = [];
        foreach (Entry entry in state.Entries)
        {
            if (entry.Index > state.HardState.Commit && Removes(entry, self))
                break;
            kept.Add(entry);
        }

        return kept;
    }

    private static bool Removes(in Entry entry, NodeId self) =>
        entry.Type != EntryType.Normal
        && ConfChangeCodec.TryDecode(entry, out ConfChangeV2? change)
        && change.Changes.Any(single => single.Type == ConfChangeType.RemoveNode && single.Node == self);

    // This one first: there must be a voter at any moment.
    private static IEnumerable<ConfChange> Changes(ConfState conf, NodeId self, IReadOnlyList<string> peerUrls)
    {
        if (conf.Learners.Contains(self))
            yield return new ConfChange(0, ConfChangeType.AddNode, self, MemberJson.EncodePromotion(self.Value));
        else if (!conf.Voters.Contains(self))
            yield return new ConfChange(0, ConfChangeType.AddNode, self, MemberJson.Encode(Member(self, peerUrls)));

        foreach (NodeId other in conf.Voters.Concat(conf.Learners))
        {
            if (other != self)
                yield return new ConfChange(0, ConfChangeType.RemoveNode, other);
        }
    }

    private static ClusterMember Member(NodeId self, IReadOnlyList<string> peerUrls) =>
        new(self.Value, peerUrls, IsLearner: false, Name: "", ClientUrls: []);

    // An id that was removed never comes back: all members would refuse it when it is applied, this one too.
    private static void Refuse(ConfState conf, NodeId self, MemberBook members)
    {
        bool isMember = conf.Voters.Contains(self) || conf.Learners.Contains(self);
        bool wasRemoved = members.IsRemoved(self.Value) || members.Find(self.Value) is not null;
        if (!isMember && wasRemoved)
        {
            CorruptDataException.Throw(
                "members",
                $"member {self} was removed from the cluster and cannot become one of its own. Restore a snapshot of "
                + "its page file into a new data directory with 'kv-node snapshot restore --skip-hash-check'");
        }

        if (conf.IsJoint)
            CorruptDataException.Throw("members", "the cluster is between two memberships, which a leader must end");
    }
}
