namespace Kv.Operator.Trust;

/// <summary>What to do with the authority and the certificates of a cluster now: a function of what there is and the
/// time.</summary>
public static class AuthorityPlan
{
    public static TimeSpan AuthorityLife { get; } = TimeSpan.FromDays(3650);

    public static TimeSpan LeafLife { get; } = TimeSpan.FromDays(90);

    /// <summary>How long until every process has surely read its files again: kubelets project Secrets within a minute
    /// and a half.</summary>
    public static TimeSpan DefaultSettling { get; } = TimeSpan.FromMinutes(5);

    /// <summary>At two thirds of a life there is time left to notice that renewing does not work.</summary>
    public static bool IsDue(IssuedCertificate certificate, DateTimeOffset now) =>
        now >= certificate.NotBefore + ((certificate.NotAfter - certificate.NotBefore) * 2 / 3);

    /// <summary>The state after the next step of a change of authority; the same if there is no step to
    /// take.</summary>
    /// <param name="isAsked">Whether somebody wants a new authority though the old one would last.</param>
    /// <param name="settling">Between two steps.</param>
    /// <param name="make">Makes an authority.</param>
    public static AuthorityState Step(
        AuthorityState state, bool isAsked, DateTimeOffset now, TimeSpan settling, Func<IssuedCertificate> make)
    {
        bool isSettled = now - state.StepAt >= settling;
        if (state.Previous is not null)
            return isSettled ? new AuthorityState(state.Current) { StepAt = now } : state;
        if (state.Next is { } next)
            return isSettled ? new AuthorityState(next) { Previous = state.Current, StepAt = now } : state;
        return isAsked || IsDue(state.Current, now) ? state with { Next = make(), StepAt = now } : state;
    }
}
