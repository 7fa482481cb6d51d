namespace Kv.Operator.Planning;

/// <summary>Wanted and found side by side, with what every rule asks for worked out once.</summary>
public sealed class Scene
{
    /// <summary>Entries behind the leader up to which a member counts as caught up.</summary>
    public const ulong LagMax = 1000;

    public Scene(WantedCluster wanted, FoundCluster found)
    {
        Wanted = wanted;
        Found = found;
        LeaderId = FindLeader(found);
        Members = [.. found.Record.Members.Select(Join)];
        MemberEntry[] voters = [.. (found.Members ?? []).Where(entry => !entry.IsLearner)];
        Quorum = new Quorum(voters.Length, voters.Count(IsHealthy));
    }

    public WantedCluster Wanted { get; }

    public FoundCluster Found { get; }

    public DateTimeOffset Now => Found.Now;

    public IReadOnlyList<MemberScene> Members { get; }

    /// <summary>All voters of the cluster, those that are not ours included.</summary>
    public Quorum Quorum { get; }

    /// <summary>The leader as the member of the latest term sees it; 0 for none.</summary>
    public ulong LeaderId { get; }

    public bool HasFormed => Found.Record.ClusterId != 0;

    public IEnumerable<MemberScene> Voters => Members.Where(member => member.IsVoter);

    public IEnumerable<MemberScene> Ready => Members.Where(member => member.Record.Phase == MemberPhase.Ready);

    /// <summary>Members that are here to stay, or on their way.</summary>
    public int StayingCount =>
        Members.Count(member => member.Record.Phase is MemberPhase.Ready or MemberPhase.Joining);

    public MemberEntry? Learner => Found.Members?.FirstOrDefault(entry => entry.IsLearner);

    /// <summary>Whether an etcd cluster is being taken over, and has members yet that are not ours, or may.</summary>
    public bool IsAdopting => Wanted.Adopts && Found.Record.AdoptedAt is null;

    /// <summary>Members that are not ours, as far as anybody could say.</summary>
    public IEnumerable<MemberEntry> Others => (Found.Members ?? []).Where(entry => !entry.IsOurs);

    public TimeSpan Recheck => Wanted.Times.Recheck;

    /// <summary>Whether every voter that answers has the same members in its own view: a change that one of them has
    /// not applied yet is still under way.</summary>
    public bool DoViewsAgree =>
        Found.Answers.Where(answer => !answer.IsLearner && answer.LeaderId != 0)
            .Select(answer => answer.MembersSeen).Distinct(StringComparer.Ordinal).Count() <= 1;

    public MemberAnswer? AnswerOf(MemberEntry entry) =>
        Found.Answers.FirstOrDefault(answer => answer.Member == entry.Member);

    public bool HasAlarm(ulong memberId, AlarmKind kind) =>
        Found.Alarms.Any(alarm => alarm.MemberId == memberId && alarm.Kind == kind);

    public bool HasAlarm(AlarmKind kind) => Found.Alarms.Any(alarm => alarm.Kind == kind);

    public bool IsHealthy(MemberEntry entry) =>
        !entry.IsLearner && AnswerOf(entry) is { IsLearner: false, ServesReads: true } answer &&
        answer.Id == entry.Id && IsOurs(answer) && LagOf(answer) <= LagMax &&
        !HasAlarm(entry.Id, AlarmKind.Corrupt);

    /// <summary>Whether a member that is not wanted may go for good, though it has its data: of those that remain a
    /// quorum must serve, and on volumes that stay. One whose volume is deleted serves until its pod ends, and not
    /// again.</summary>
    public bool CanSpare(MemberScene member)
    {
        int lasting = Members.Count(other =>
            other != member && other is { IsVoter: true, IsHealthy: true, HasData: true });
        int foreign = (Found.Members ?? []).Count(entry => !entry.IsOurs && IsHealthy(entry));
        return Quorum.AllowsRemovalOf(member.IsHealthy) && new Quorum(Quorum.Voters - 1, lasting + foreign).Holds;
    }

    /// <summary>Entries that a member has yet to apply of those that the furthest member has.</summary>
    public ulong LagOf(MemberAnswer answer)
    {
        ulong furthest = Found.Answers.Max(other => other.RaftIndex);
        return furthest > answer.AppliedIndex ? furthest - answer.AppliedIndex : 0;
    }

    /// <summary>The members as a newcomer must be told them.</summary>
    public string InitialCluster() =>
        string.Join(',', (Found.Members ?? []).OrderBy(entry => entry.PeerUrl, StringComparer.Ordinal)
            .SelectMany(entry => entry.OtherPeerUrls.Prepend(entry.PeerUrl)
                .Select(url => $"{entry.Member.TrimStart('~')}={url}")));

    /// <summary>The members by their ids, in a form that is equal for equal members.</summary>
    public string MembersNow() =>
        string.Join(' ', (Found.Members ?? []).OrderBy(entry => entry.Id)
            .Select(entry => $"{entry.Id:x}{(entry.IsLearner ? "(learner)" : "")}"));

    public ClusterAction.Wait Wait(string why) => new(why, Recheck);

    private bool IsOurs(MemberAnswer answer) => !HasFormed || answer.ClusterId == Found.Record.ClusterId;

    private MemberScene Join(MemberRecord record) => new(
        this,
        record,
        Found.Pods.FirstOrDefault(pod => pod.Member == record.Name),
        Found.Volumes.FirstOrDefault(volume => volume.Member == record.Name),
        Found.Members?.FirstOrDefault(entry => entry.Member == record.Name),
        Found.Answers.FirstOrDefault(answer => answer.Member == record.Name));

    private static ulong FindLeader(FoundCluster found) =>
        found.Answers.Where(answer => answer.LeaderId != 0)
            .OrderByDescending(answer => answer.Term)
            .Select(answer => answer.LeaderId)
            .FirstOrDefault();
}
