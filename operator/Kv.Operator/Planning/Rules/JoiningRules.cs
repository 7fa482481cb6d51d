namespace Kv.Operator.Planning.Rules;

/// <summary>Brings one member in: volume, learner, pod, vote. As a learner it costs no quorum while it copies the
/// data, and it gets its vote when it has caught up.</summary>
public static class JoiningRules
{
    private const int LooksWanted = 2;

    public static ClusterAction? Continue(Scene scene)
    {
        MemberScene? member = scene.Members.FirstOrDefault(member => member.Record.Phase == MemberPhase.Joining);
        if (member is null)
            return null;
        if (member.Entry is null)
            return BeforeAdding(scene, member);

        bool lostData = member.HadData && (member.Volume is null || member.Volume.IsLost);
        if (lostData)
            return GiveUp(member, "Its data is gone before it was a voter.");
        if (member.Volume is null)
            return new ClusterAction.CreateVolume(member.Name, "For a new member.");
        if (member.Volume.IsTerminating)
            return ReattachRules.Unmount(scene, member);

        return Pod(scene, member) ?? (member.IsLearner ? Learner(scene, member) : Voter(scene, member));
    }

    public static ClusterAction? OpenToClients(Scene scene)
    {
        foreach (MemberScene member in scene.Members)
        {
            bool isClosed = member is { Record.Phase: MemberPhase.Ready, IsHealthy: true } &&
                member.Pod is { IsTerminating: false, IsOpenToClients: false };
            if (isClosed)
                return new ClusterAction.OpenToClients(member.Name, member.Pod!.Uid, "It is a voter.");
        }

        return null;
    }

    /// <summary>What is left to say when a member could not be added and nothing was found to put right.</summary>
    public static ClusterAction? AwaitCalm(Scene scene) =>
        scene.Members.FirstOrDefault(member => member.Record.Phase == MemberPhase.Joining) is { } member
            ? scene.Wait($"all voters to serve and to know the same members, before {member.Name} is added")
            : null;

    /// <summary>Adds it, unless something is wrong that must be put right first; then null, so that rules further
    /// down can do so.</summary>
    private static ClusterAction? BeforeAdding(Scene scene, MemberScene member)
    {
        // The member list is the truth: one that was taken out behind our back has left, and so has its data.
        bool wasTakenOut = member.Volume is { MarkedFor: not 0 };
        if (wasTakenOut)
            return GiveUp(member, "It was taken out of the cluster while it was joining.");

        if (IsTooMany(scene))
            return GiveUp(member, "It is not wanted any more.");

        if (member.Pod is { IsTerminating: true })
            return scene.Wait($"{member.Name}'s pod to end");
        if (member.Pod is { } pod)
            return new ClusterAction.DeletePod(member.Name, pod.Uid, pod.Version, "It runs, but is no member yet.");
        if (member.Volume is null)
            return new ClusterAction.CreateVolume(member.Name, "For a new member.");
        if (scene.Learner is { } other)
            return scene.Wait($"the learner {other.Member} to become a voter or leave");

        bool isCalm = scene.Quorum.IsWhole && scene.DoViewsAgree && !scene.HasAlarm(AlarmKind.Corrupt);
        return isCalm ? new ClusterAction.AddLearner(member.Name, member.Record.Reason) : null;
    }

    private static ClusterAction? Pod(Scene scene, MemberScene member)
    {
        bool isFirstStart = !member.HadData && member.Volume!.MarkedFor == 0;
        if (member.Pod is null)
        {
            return isFirstStart
                ? new ClusterAction.CreatePod(
                    member.Name, PodStart.JoinCluster, scene.InitialCluster(), "It was added as a learner.")
                : new ClusterAction.CreatePod(member.Name, PodStart.Resume, "", "Its pod is gone, its data is not.");
        }

        if (member.Pod.IsTerminating)
            return scene.Wait($"{member.Name}'s pod to end");

        // A newcomer is told the members once; if they change before it has come up, it can never join.
        bool isMisled = isFirstStart && member.Answer is null && member.Pod.ReadySince is null &&
            member.Pod.InitialCluster.Length > 0 && member.Pod.InitialCluster != scene.InitialCluster();
        return isMisled
            ? new ClusterAction.DeletePod(
                member.Name, member.Pod.Uid, member.Pod.Version, "The members changed before it could join.")
            : null;
    }

    private static ClusterAction Learner(Scene scene, MemberScene member)
    {
        if (IsTooMany(scene))
            return new ClusterAction.EnterPhase(member.Name, MemberPhase.Leaving, "It is not wanted any more.");

        if (member.Answer is { } answer && IsOfThisCluster(scene, member, answer))
        {
            if (Mark(scene, member) is { } mark)
                return mark;
            if (answer.CaughtUpLooks >= LooksWanted)
                return Promote(scene, member);
        }

        bool isLate = scene.Now - member.Record.Since >= scene.Wanted.Times.LearnerDeadline;
        if (isLate)
            return GiveUp(member, "It did not catch up in time.");

        return scene.Wait($"{member.Name} to catch up{member.TroubleSuffix}");
    }

    /// <summary>A vote more may raise the quorum, so there must be enough that serve, the new one included.</summary>
    private static ClusterAction Promote(Scene scene, MemberScene member)
    {
        if (!scene.DoViewsAgree)
            return scene.Wait("all voters to know the same members");

        var after = new Quorum(scene.Quorum.Voters + 1, scene.Quorum.Healthy + 1);
        return after.Holds
            ? new ClusterAction.Promote(member.Name, member.Entry!.Id, "It has caught up.")
            : scene.Wait("more voters to serve");
    }

    private static ClusterAction Voter(Scene scene, MemberScene member)
    {
        if (member.Answer is not { } answer || !IsOfThisCluster(scene, member, answer))
        {
            // Already a voter, if one that is missing: repair must be able to get at it.
            return new ClusterAction.EnterPhase(member.Name, MemberPhase.Ready, "It has its vote.");
        }

        // A promotion is over when every member knows of it: one that does not acts on the old configuration.
        if (answer.IsLearner || !scene.DoViewsAgree)
            return scene.Wait($"all to know that {member.Name} votes");
        return (ClusterAction?)Mark(scene, member)
            ?? new ClusterAction.EnterPhase(member.Name, MemberPhase.Ready, "It has its vote.");
    }

    private static ClusterAction.MarkVolume? Mark(Scene scene, MemberScene member) =>
        member.Volume!.MarkedFor == 0
            ? new ClusterAction.MarkVolume(
                member.Name, member.Volume.Uid, scene.Found.Record.ClusterId, "It holds the cluster's data now.")
            : null;

    private static bool IsTooMany(Scene scene) => scene.StayingCount > scene.Wanted.Replicas;

    private static bool IsOfThisCluster(Scene scene, MemberScene member, MemberAnswer answer) =>
        answer.ClusterId == scene.Found.Record.ClusterId && answer.Id == member.Entry!.Id;

    private static ClusterAction.EnterPhase GiveUp(MemberScene member, string why) =>
        new(member.Name, MemberPhase.Replacing, why);
}
