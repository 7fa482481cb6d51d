namespace Kv.Operator.Tests.Reconciling;

/// <summary>What befalls one call of the operator.</summary>
public enum Blow
{
    None,

    /// <summary>The operator dies with the call on its lips: nothing happens.</summary>
    DiesBefore,

    /// <summary>The call is done, and the operator never hears of it.</summary>
    DiesAfter,

    /// <summary>Somebody else was quicker (409).</summary>
    Conflict,

    /// <summary>The server is broken (500); nothing happens.</summary>
    ServerFault,

    /// <summary>The server is busy (429) for longer than the client repeats; nothing happens.</summary>
    Busy,

    /// <summary>There is no answer, and nothing has happened.</summary>
    LostBefore,

    /// <summary>There is no answer, though it has happened.</summary>
    LostAfter,
}
