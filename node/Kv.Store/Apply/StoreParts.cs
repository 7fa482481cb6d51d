using Kv.Store.Leases;

namespace Kv.Store;

/// <summary>The parts that together are the replicated store.</summary>
public sealed record StoreParts(
    Backend Backend,
    MvccStore Kv,
    LeaseBook Leases,
    AlarmBook Alarms,
    MemberBook Members,
    AuthBook Auth,
    ITokens Tokens);
