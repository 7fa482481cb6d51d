using Kv.Operator.Planning;

namespace Kv.Operator.Members;

/// <summary>What a member told in one look.</summary>
/// <param name="Answer">Its own state.</param>
/// <param name="Members">The members after a linearizable read through it; null if that was not answered.</param>
/// <param name="HasAlarms">Whether it says that alarms are raised.</param>
public sealed record MemberReport(MemberAnswer Answer, IReadOnlyList<MemberLine>? Members, bool HasAlarms);

/// <summary>One line of the member list as the API has it.</summary>
public sealed record MemberLine(ulong Id, string Name, string PeerUrl, bool IsLearner)
{
    /// <summary>Where peers find it besides <see cref="PeerUrl"/>.</summary>
    public IReadOnlyList<string> OtherPeerUrls { get; init; } = [];

    /// <summary>Where it says that clients find it.</summary>
    public IReadOnlyList<string> ClientUrls { get; init; } = [];
}
