using Kv.Raft;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers;

/// <summary>The ways between two members.</summary>
[Flags]
internal enum PeerLinks
{
    None = 0,
    AppendsIn = 1,
    MessagesIn = 2,
    AppendsOut = 4,
    MessagesOut = 8,

    /// <summary>Messages posted one by one.</summary>
    Posts = 16,
}

/// <summary>Whether a peer can be reached, and since when: as long as any link to it is up.</summary>
internal sealed class PeerStatus(NodeId id, IPeerObserver observer, TimeProvider time, ILogger log)
{
    private const PeerLinks Streams =
        PeerLinks.AppendsIn | PeerLinks.MessagesIn | PeerLinks.AppendsOut | PeerLinks.MessagesOut;

    private readonly Lock _gate = new();
    private PeerLinks _up;
    private DateTimeOffset _since;

    /// <summary>Null while it cannot be reached.</summary>
    public DateTimeOffset? ActiveSince
    {
        get
        {
            lock (_gate)
                return _up == PeerLinks.None ? null : _since;
        }
    }

    public void SetUp(PeerLinks link)
    {
        lock (_gate)
        {
            bool isFirst = _up == PeerLinks.None;
            _up |= link;
            if (!isFirst)
                return;
            _since = time.GetUtcNow();

            // Told within the lock, or an end and a beginning at once could be told in the wrong order and stay so.
            observer.OnActive(id, isActive: true);
            PeerLog.BecameActive(log, id);
        }
    }

    /// <param name="error">Why, for the log.</param>
    public void SetDown(PeerLinks link, string error)
    {
        lock (_gate)
        {
            PeerLinks before = _up;
            _up &= ~link;

            // Posts are only made where there is no stream, so the last one that went well may be long ago.
            if ((before & Streams) != 0 && (_up & Streams) == 0)
                _up = PeerLinks.None;
            if (before == PeerLinks.None || _up != PeerLinks.None)
                return;
            observer.OnActive(id, isActive: false);
            PeerLog.BecameInactive(log, id, error);
        }
    }
}
