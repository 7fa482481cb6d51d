using Kv.Raft;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers;

/// <summary>One of the two streams that members hold open in each direction. Who is dialled writes.</summary>
internal sealed class StreamKind
{
    private readonly Func<MessageStyle, IStreamEncoder> _createEncoder;
    private readonly Func<NodeId, NodeId, IStreamDecoder> _createDecoder;

    private StreamKind(
        string name,
        (PeerLinks Incoming, PeerLinks Outgoing) links,
        Func<MessageStyle, IStreamEncoder> createEncoder,
        Func<NodeId, NodeId, IStreamDecoder> createDecoder)
    {
        Name = name;
        (Incoming, Outgoing) = links;
        _createEncoder = createEncoder;
        _createDecoder = createDecoder;
    }

    /// <summary>Entries, so that they never wait behind anything else, nor a heartbeat behind them.</summary>
    public static StreamKind Appends { get; } = new(
        "msgapp",
        (PeerLinks.AppendsIn, PeerLinks.AppendsOut),
        style => new MsgAppEncoder(style),
        (local, remote) => new MsgAppDecoder(local, remote));

    /// <summary>All other messages.</summary>
    public static StreamKind Messages { get; } = new(
        "message",
        (PeerLinks.MessagesIn, PeerLinks.MessagesOut),
        style => new MessageStreamEncoder(style),
        (_, _) => new MessageStreamDecoder());

    /// <summary>As it stands in the path of the request.</summary>
    public string Name { get; }

    /// <summary>The link on which the peer writes to us.</summary>
    public PeerLinks Incoming { get; }

    /// <summary>The link on which we write to the peer.</summary>
    public PeerLinks Outgoing { get; }

    public static StreamKind? Find(string name) =>
        name == Appends.Name ? Appends : name == Messages.Name ? Messages : null;

    public IStreamEncoder CreateEncoder(MessageStyle style) => _createEncoder(style);

    public IStreamDecoder CreateDecoder(NodeId local, NodeId remote) => _createDecoder(local, remote);
}
