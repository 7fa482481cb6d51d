using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class ConfChangeTests
{
    private static readonly NodeId N1 = new(1);
    private static readonly NodeId N2 = new(2);

    /// <summary>Whatever changes are made one after another, the membership stays sound: some voter; nobody both voter
    /// and learner; a learner to be is a voter that goes; and without a joint membership in between, no two following
    /// sets of voters differ by more than one, so that their majorities overlap.</summary>
    [Theory]
    [Seeds(200)]
    public void A_membership_stays_sound(int seed)
    {
        var random = new Random(seed);
        var conf = ConfState.OfVoters(N1, N2);
        for (int step = 0; step < 50; step++)
        {
            ConfChangeV2 change = RandomChange(random);
            if (!ConfChanger.TryApply(conf, change, out ConfState? next))
                continue;

            CheckSound(next);
            if (!conf.IsJoint && !next.IsJoint)
                Assert.InRange(conf.Voters.Except(next.Voters).Count() + next.Voters.Except(conf.Voters).Count(), 0, 1);
            if (!conf.IsJoint && next.IsJoint)
                Assert.Equal(conf.Voters, next.VotersOutgoing);
            if (conf.IsJoint)
                Assert.Equal(conf.Voters, next.Voters);
            Assert.False(conf.IsJoint && next.IsJoint);
            conf = next;
        }
    }

    [Fact]
    public void One_change_takes_one_step_and_several_a_joint_membership()
    {
        ConfState one = Apply(ConfState.OfVoters(N1), Change(ConfChangeTransition.Auto, (ConfChangeType.AddNode, 2)));
        Assert.Equal(ConfState.OfVoters(N1, N2), one);

        ConfState two = Apply(
            ConfState.OfVoters(N1),
            Change(ConfChangeTransition.Auto, (ConfChangeType.AddNode, 2), (ConfChangeType.RemoveNode, 1)));
        Assert.Equal(new ConfState([N2], [], [N1], [], AutoLeave: true), two);
        Assert.Equal(ConfState.OfVoters(N2), Apply(two, ConfChangeV2.Leave));
    }

    [Fact]
    public void An_explicit_joint_membership_does_not_end_by_itself()
    {
        ConfState joint = Apply(
            ConfState.OfVoters(N1),
            Change(ConfChangeTransition.JointExplicit, (ConfChangeType.AddNode, 2)));
        Assert.Equal(new ConfState([N1, N2], [], [N1], [], AutoLeave: false), joint);
    }

    [Fact]
    public void A_voter_that_becomes_a_learner_waits_for_the_end_of_the_joint_membership()
    {
        ConfState joint = Apply(
            ConfState.OfVoters(N1, N2),
            Change(ConfChangeTransition.JointImplicit, (ConfChangeType.AddLearnerNode, 2)));
        Assert.Equal(new ConfState([N1], [], [N1, N2], [N2], AutoLeave: true), joint);
        Assert.Equal(new ConfState([N1], [N2], [], [], AutoLeave: false), Apply(joint, ConfChangeV2.Leave));
    }

    [Fact]
    public void Changes_are_encoded_as_protobuf_has_them()
    {
        var change = new ConfChange(5, ConfChangeType.RemoveNode, new NodeId(0x1234), "abc"u8.ToArray());
        Assert.Equal("0805" + "1001" + "18B424" + "2203616263",
            Convert.ToHexString(ConfChangeCodec.Encode(change)));

        ConfChangeV2 several = Change(
            ConfChangeTransition.JointExplicit,
            (ConfChangeType.AddNode, 300),
            (ConfChangeType.AddLearnerNode, 1));
        Assert.Equal("0802" + "1205080010AC02" + "120408031001", Convert.ToHexString(ConfChangeCodec.Encode(several)));
        Assert.Empty(ConfChangeCodec.Encode(ConfChangeV2.Leave));
    }

    [Theory]
    [Seeds(200)]
    public void What_is_encoded_is_decoded_and_anything_else_does_no_harm(int seed)
    {
        var random = new Random(seed);
        ConfChangeV2 change = RandomChange(random) with { Context = new byte[random.Next(3)] };
        byte[] data = ConfChangeCodec.Encode(change);
        Assert.True(ConfChangeCodec.TryDecode(Entry(EntryType.ConfChangeV2, data), out ConfChangeV2? decoded));
        Assert.Equal(change.Transition, decoded.Transition);
        Assert.Equal(change.Changes, decoded.Changes);
        Assert.Equal(change.Context.Length, decoded.Context.Length);

        for (int i = 0; i < 20; i++)
        {
            byte[] mutated = new byte[random.Next(40)];
            random.NextBytes(mutated);
            data.AsSpan(0, Math.Min(data.Length, random.Next(mutated.Length + 1))).CopyTo(mutated);
            ConfChangeCodec.TryDecode(Entry((EntryType)random.Next(3), mutated), out _);
        }
    }

    private static Entry Entry(EntryType type, byte[] data) => new(new EntryId(1, 1), type, data);

    private static ConfState Apply(ConfState conf, ConfChangeV2 change)
    {
        Assert.True(ConfChanger.TryApply(conf, change, out ConfState? next));
        return next;
    }

    private static ConfChangeV2 Change(
        ConfChangeTransition transition,
        params (ConfChangeType Type, ulong Node)[] changes) =>
        new(transition, [.. changes.Select(change => new ConfChangeSingle(change.Type, new NodeId(change.Node)))]);

    private static ConfChangeV2 RandomChange(Random random) =>
        new(
            (ConfChangeTransition)random.Next(3),
            [
                .. Enumerable.Range(0, random.Next(4)).Select(_ =>
                    new ConfChangeSingle((ConfChangeType)random.Next(4), new NodeId((ulong)random.Next(6)))),
            ]);

    private static void CheckSound(ConfState conf)
    {
        Assert.NotEmpty(conf.Voters);
        Assert.DoesNotContain(NodeId.None, conf.Voters.Concat(conf.Learners));
        Assert.Empty(conf.Learners.Intersect(conf.Voters.Concat(conf.VotersOutgoing)));
        Assert.Empty(conf.LearnersNext.Intersect(conf.Voters));
        Assert.Empty(conf.LearnersNext.Except(conf.VotersOutgoing));
        Assert.True(conf.IsJoint || (!conf.AutoLeave && conf.LearnersNext.Count == 0));
    }
}
