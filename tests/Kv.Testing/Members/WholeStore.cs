using Kv.Storage;
using Kv.Store;
using Kv.Store.Leases;

namespace Kv.Testing.Members;

/// <summary>All parts of a store, as a node puts them together over a page file.</summary>
public static class WholeStore
{
    /// <param name="ttlMin">What shorter leases are raised to, in seconds.</param>
    public static StoreParts Open(Backend backend, ILane compaction, ITokens tokens, long ttlMin)
    {
        var leases = new LeaseBook(backend, ttlMin);
        return new StoreParts(
            backend,
            MvccStore.Open(backend, leases, compaction),
            leases,
            new AlarmBook(backend),
            new MemberBook(backend, learnersMax: 1),
            new AuthBook(backend),
            tokens);
    }
}
