using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>What an event says: who, and why.</summary>
internal static class EventText
{
    public static string Of(ClusterAction action)
    {
        string? member = action switch
        {
            ClusterAction.MoveLeader move => $"{move.From} to {move.To}",
            _ => action.GetType().GetProperty("Member")?.GetValue(action) as string,
        };
        string phase = action is ClusterAction.EnterPhase enter ? $" ({enter.Phase})" : "";
        return member is null ? action.Why : $"{member}{phase}: {action.Why}";
    }
}
