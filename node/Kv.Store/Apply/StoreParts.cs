using Kv.Storage;
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
    ITokens Tokens)
{
    /// <summary>Puts what the page file at <paramref name="path"/> holds in the place of all there is, while others go
    /// on reading. The parts stay the objects they are and take the other content in: so everyone who has hold of one
    /// may keep it, and a read pays nothing for what happens once in a member's life. The apply lane's, between
    /// entries.</summary>
    /// <exception cref="CorruptDataException">The file cannot be trusted.</exception>
    public void Restore(IDisk disk, string path)
    {
        OpenedStore next = Backend.OpenOther(disk, path);

        // Who may read what comes first: a reader may meet the new rules and the old keys, but not the reverse.
        ulong authBefore = Auth.Revision;
        Auth.Restore(next);
        if (Auth.Revision != authBefore)
            Tokens.DropAll(); // any of them may have been taken from its user meanwhile; clients ask for new ones
        Members.Restore(next);
        Alarms.Restore(next);
        Leases.Restore(next);
        Kv.Restore(next);
    }
}
