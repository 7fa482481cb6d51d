using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>How far an etcd cluster is taken over, and who is in it that is not ours.</summary>
internal static class AdoptionReport
{
    private const string Adopted = "Adopted";

    public static KvAdoptionStatus? Make(Scene scene, KvAdoptionStatus? before)
    {
        if (!scene.Wanted.Adopts)
            return null;

        bool isListed = scene.Found.Members is not null;
        return new KvAdoptionStatus
        {
            Phase = PhaseOf(scene),
            AdoptedAt = scene.Found.Record.AdoptedAt?.UtcDateTime,
            ForeignMembers = scene.IsAdopting && !isListed
                ? before?.ForeignMembers
                : [.. scene.Others.OrderBy(entry => entry.Id).Select(entry => Describe(scene, entry))],
        };
    }

    public static string PhaseOf(Scene scene)
    {
        if (!scene.IsAdopting)
            return Adopted;
        bool isComplete = scene.HasFormed && scene.Ready.Count() >= scene.Wanted.Replicas;
        return (isComplete, scene.Wanted.IsAdoptionFinal) switch
        {
            (false, _) => "Joining",
            (true, false) => "AwaitingFinalize",
            (true, true) => "Finalizing",
        };
    }

    private static KvForeignMemberStatus Describe(Scene scene, MemberEntry entry) => new()
    {
        Id = StatusRecord.FormatId(entry.Id),
        Name = entry.TheirName,
        PeerUrl = entry.PeerUrl,
        Role = entry.IsLearner ? "Learner" : entry.Id == scene.LeaderId ? "Leader" : "Voter",
        Healthy = scene.IsHealthy(entry),
        Version = scene.AnswerOf(entry)?.Version,
    };
}
