using System.Globalization;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>The record that the plan reads and changes, as it stands in the status of a cluster.</summary>
public static class StatusRecord
{
    public static ClusterRecord Read(KvClusterStatus status) => new()
    {
        ClusterId = ParseId(status.ClusterId),
        NextSerial = status.NextMember ?? 0,
        CompactedAt = ToTime(status.CompactedAt),
        QuorumLostSince = ToTime(status.QuorumLostSince),
        Recovery = status.Recovery is { Request: not null } recovery ? Read(recovery) : null,
        LastRecovery = status.LastRecovery is { } last
            ? new PastRecovery(last.Request ?? "", last.Number ?? 0)
            {
                StartedAt = ToTime(last.StartedAt) ?? DateTimeOffset.UnixEpoch,
                EndedAt = ToTime(last.EndedAt) ?? DateTimeOffset.UnixEpoch,
                Outcome = last.Outcome ?? "",
            }
            : null,
        MembersBeforeRoll = status.MembersBeforeRoll ?? "",
        UpgradeSnapshot = status.UpgradeSnapshot is { From: not null } snapshot ? Read(snapshot) : null,
        AdoptedAt = ToTime(status.Adoption?.AdoptedAt),
        Members = [.. (status.Members ?? []).Select(Read)],
    };

    /// <summary>Writes the record over a status; lines of members keep what else is in them.</summary>
    public static void Write(ClusterRecord record, KvClusterStatus status)
    {
        status.ClusterId = record.ClusterId == 0 ? null : FormatId(record.ClusterId);
        status.NextMember = record.NextSerial;
        status.CompactedAt = record.CompactedAt?.UtcDateTime;
        status.QuorumLostSince = record.QuorumLostSince?.UtcDateTime;
        status.Recovery = record.Recovery is { } recovery ? Write(recovery) : null;
        status.LastRecovery = record.LastRecovery is { } last
            ? new KvPastRecoveryStatus
            {
                Request = last.Request,
                Number = last.Number,
                Outcome = last.Outcome,
                StartedAt = last.StartedAt.UtcDateTime,
                EndedAt = last.EndedAt.UtcDateTime,
            }
            : null;
        status.MembersBeforeRoll = record.MembersBeforeRoll.Length == 0 ? null : record.MembersBeforeRoll;
        status.UpgradeSnapshot = record.UpgradeSnapshot is { } snapshot ? Write(snapshot) : null;
        if (record.AdoptedAt is { } adopted)
            (status.Adoption ??= new KvAdoptionStatus()).AdoptedAt = adopted.UtcDateTime;
        IList<KvMemberStatus> before = status.Members ?? [];
        status.Members = [.. record.Members.Select(member => Write(member, before))];
    }

    public static string FormatId(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>0 for what is no id.</summary>
    public static ulong ParseId(string? text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : 0;

    private static RecoveryRecord Read(KvRecoveryStatus line) => new(line.Request!, line.Number ?? 0)
    {
        Survivor = line.Survivor ?? "",
        Snapshot = line.Snapshot ?? "",
        Step = Enum.TryParse(line.Step, out RecoveryStep step) ? step : RecoveryStep.Fencing,
        StartedAt = ToTime(line.StartedAt) ?? DateTimeOffset.UnixEpoch,
        FirstSerial = line.FirstMember ?? 0,
    };

    private static KvRecoveryStatus Write(RecoveryRecord recovery) => new()
    {
        Request = recovery.Request,
        Number = recovery.Number,
        Step = recovery.Step.ToString(),
        Survivor = recovery.Survivor.Length == 0 ? null : recovery.Survivor,
        Snapshot = recovery.Snapshot.Length == 0 ? null : recovery.Snapshot,
        FirstMember = recovery.FirstSerial,
        StartedAt = recovery.StartedAt.UtcDateTime,
    };

    private static UpgradeSnapshot Read(KvUpgradeSnapshotStatus line) => new(
        line.From!, line.Name ?? "", line.Attempt ?? 0, ToTime(line.At) ?? DateTimeOffset.UnixEpoch)
    {
        Step = Enum.TryParse(line.Step, out UpgradeSnapshotStep step) ? step : UpgradeSnapshotStep.Taking,
    };

    private static KvUpgradeSnapshotStatus Write(UpgradeSnapshot snapshot) => new()
    {
        From = snapshot.From,
        Name = snapshot.Name.Length == 0 ? null : snapshot.Name,
        Attempt = snapshot.Attempt == 0 ? null : snapshot.Attempt,
        At = snapshot.At.UtcDateTime,
        Step = snapshot.Step.ToString(),
    };

    private static MemberRecord Read(KvMemberStatus line) => new(line.Name, SerialOf(line.Name))
    {
        Phase = Enum.TryParse(line.Phase, out MemberPhase phase) ? phase : MemberPhase.Joining,
        Since = ToTime(line.Since) ?? DateTimeOffset.UnixEpoch,
        IsSeed = line.Seed == true,
        SilentSince = ToTime(line.SilentSince),
        Restarts = line.Restarts ?? 0,
        RestartedAt = ToTime(line.RestartedAt),
        RolledTo = line.RolledTo ?? "",
        DefragmentedAt = ToTime(line.DefragmentedAt),
        Reason = line.Reason ?? "",
    };

    private static KvMemberStatus Write(MemberRecord member, IEnumerable<KvMemberStatus> before)
    {
        KvMemberStatus line = before.FirstOrDefault(line => line.Name == member.Name)
            ?? new KvMemberStatus { Name = member.Name };
        line.Phase = member.Phase.ToString();
        line.Since = member.Since.UtcDateTime;
        line.Seed = member.IsSeed ? true : null;
        line.SilentSince = member.SilentSince?.UtcDateTime;
        line.Restarts = member.Restarts == 0 ? null : member.Restarts;
        line.RestartedAt = member.RestartedAt?.UtcDateTime;
        line.RolledTo = member.RolledTo.Length == 0 ? null : member.RolledTo;
        line.DefragmentedAt = member.DefragmentedAt?.UtcDateTime;
        line.Reason = member.Reason.Length == 0 ? null : member.Reason;
        return line;
    }

    private static int SerialOf(string name) =>
        int.TryParse(name.AsSpan(name.LastIndexOf('-') + 1), CultureInfo.InvariantCulture, out int serial)
            ? serial
            : -1;

    private static DateTimeOffset? ToTime(DateTime? time) =>
        time is { } given ? new DateTimeOffset(DateTime.SpecifyKind(given, DateTimeKind.Utc)) : null;
}
