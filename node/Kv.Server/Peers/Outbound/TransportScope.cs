using Kv.Raft;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers.Outbound;

/// <summary>What all parts of the transport share.</summary>
internal sealed class TransportScope(IPeerMember member, PeerTransportOptions options, ILogger log) : IDisposable
{
    private int _isRemoved;

    public IPeerMember Member => member;

    public PeerTransportOptions Options => options;

    public ILogger Log => log;

    public PeerHttp Http { get; } = new(member, options);

    public MessageIntake Intake { get; } = new(member, options.Observer);

    public LinkWatch Watch { get; } = new(options.ReadTimeout, options.Time);

    /// <summary>A peer answered that this member is one no more.</summary>
    public void OnRemoved(NodeId peer)
    {
        if (Interlocked.Exchange(ref _isRemoved, 1) != 0)
            return;
        PeerLog.FoundRemoved(log, member.Id, peer);
        member.OnRemoved();
    }

    public void Dispose()
    {
        Watch.Dispose();
        Http.Dispose();
    }
}

/// <summary>What all parts share that have to do with one peer.</summary>
internal sealed class PeerScope(NodeId id, IEnumerable<string> urls, TransportScope transport)
{
    public NodeId Id => id;

    public TransportScope Transport => transport;

    public PeerTransportOptions Options => transport.Options;

    public ILogger Log => transport.Log;

    public UrlPicker Urls { get; } = new(urls);

    public PeerStatus Status { get; } = new(id, transport.Options.Observer, transport.Options.Time, transport.Log);

    /// <summary>A message to the peer was dropped or lost.</summary>
    public void OnLost()
    {
        transport.Options.Observer.OnSendFailed(id);
        transport.Member.ReportUnreachable(id);
    }
}
