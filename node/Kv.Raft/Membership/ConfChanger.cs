using System.Diagnostics.CodeAnalysis;

namespace Kv.Raft;

/// <summary>What a change makes of a membership: a pure function, so that a leader can try a change before it proposes
/// it. A voter that leaves a joint membership's incoming side keeps its place on the outgoing side until the end;
/// one that is to become a learner waits for that in LearnersNext, since nobody may be both.</summary>
public static class ConfChanger
{
    public static bool TryApply(ConfState current, ConfChangeV2 change, [NotNullWhen(true)] out ConfState? next)
    {
        next = null;
        if (change.LeavesJoint)
            return TryLeave(current, out next);
        if (current.IsJoint || (change.EntersJoint && current.Voters.Count == 0))
            return false;

        var draft = new Draft(current);
        if (change.EntersJoint)
            draft.VotersOutgoing.UnionWith(current.Voters);
        foreach (ConfChangeSingle single in change.Changes)
            draft.Apply(single);

        bool isAllowed = draft.Voters.Count is > 0 and <= Quorum.VotersMax
            && (change.EntersJoint || VotersChanged(current, draft) <= 1);
        if (isAllowed)
            next = draft.ToState(autoLeave: change.EntersJoint && change.AutoLeaves);
        return isAllowed;
    }

    private static bool TryLeave(ConfState current, [NotNullWhen(true)] out ConfState? next)
    {
        next = current.IsJoint
            ? current with
            {
                VotersOutgoing = [],
                LearnersNext = [],
                Learners = [.. current.Learners.Union(current.LearnersNext).Order()],
                AutoLeave = false,
            }
            : null;
        return next is not null;
    }

    private static int VotersChanged(ConfState current, Draft draft)
    {
        int stay = current.Voters.Count(draft.Voters.Contains);
        return current.Voters.Count - stay + draft.Voters.Count - stay;
    }

    private sealed class Draft(ConfState current)
    {
        private readonly SortedSet<NodeId> _learners = [.. current.Learners];
        private readonly SortedSet<NodeId> _learnersNext = [.. current.LearnersNext];

        public SortedSet<NodeId> Voters { get; } = [.. current.Voters];

        public SortedSet<NodeId> VotersOutgoing { get; } = [.. current.VotersOutgoing];

        public void Apply(ConfChangeSingle change)
        {
            if (change.Node == NodeId.None || change.Type == ConfChangeType.UpdateNode)
                return; // etcd blanks the node of a change that it refuses when it is applied

            if (change.Type == ConfChangeType.AddLearnerNode && _learners.Contains(change.Node))
                return;

            Voters.Remove(change.Node);
            _learners.Remove(change.Node);
            _learnersNext.Remove(change.Node);
            if (change.Type == ConfChangeType.AddNode)
                Voters.Add(change.Node);
            else if (change.Type == ConfChangeType.AddLearnerNode)
                (VotersOutgoing.Contains(change.Node) ? _learnersNext : _learners).Add(change.Node);
        }

        public ConfState ToState(bool autoLeave) =>
            new([.. Voters], [.. _learners], [.. VotersOutgoing], [.. _learnersNext], autoLeave);
    }
}
