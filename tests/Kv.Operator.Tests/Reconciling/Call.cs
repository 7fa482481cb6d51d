namespace Kv.Operator.Tests.Reconciling;

/// <summary>One call of the operator to the API server or to a member.</summary>
/// <param name="What">The verb and what it is done to, such as <c>create V1Pod</c> or <c>promote</c>.</param>
/// <param name="Before">The object as it stands; null if there is none, or if it is no object's call.</param>
/// <param name="After">The object as it is to be; null for one that is deleted.</param>
public sealed record Call(string What, object? Before = null, object? After = null)
{
    /// <summary>Whether it changes anything if it succeeds.</summary>
    public bool IsWrite { get; init; } = true;

    /// <summary>Whether a member is asked, and not the API server.</summary>
    public bool IsToMember { get; init; }
}
