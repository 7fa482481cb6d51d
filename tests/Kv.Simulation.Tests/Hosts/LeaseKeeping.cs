using Etcdserverpb;
using Google.Protobuf;
using Kv.Store.Leases;
using Kv.Testing.Members;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>The leader's care for leases, as a node does it: every half second it revokes those whose time is up.
/// </summary>
internal sealed class LeaseKeeping(MemberProcess process, AssembledMember member)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ElectionTimeout = TimeSpan.FromSeconds(1);

    private readonly List<long> _expired = [];

    public void Run()
    {
        LeaseClock clock = member.LeaseClock;
        if (member.View.IsLeader && !clock.IsPrimary)
            clock.Promote(ElectionTimeout);
        else if (!member.View.IsLeader && clock.IsPrimary)
            clock.Demote();

        _expired.Clear();
        clock.TakeExpired(_expired);
        foreach (long lease in _expired)
            Revoke(lease);
        process.After(process.Host.Clock.ToTrue(Interval), Run);
    }

    public long? Renew(long lease) => member.LeaseClock.Renew(lease, out long ttl) switch
    {
        LeaseRenewal.Renewed => ttl,
        LeaseRenewal.NotFound => 0,
        _ => null,
    };

    private void Revoke(long lease)
    {
        var request = new InternalRaftRequest
        {
            Header = new RequestHeader { ID = member.Proposer.NextId() },
            LeaseRevoke = new LeaseRevokeRequest { ID = lease },
        };
        process.Edge.Propose(request.ToByteArray(), static (_, _) => { });
    }
}
