using Kv.Raft;

namespace Kv.Server.Peers;

/// <summary>Decides which messages of peers reach Raft, on whatever way they came.</summary>
internal sealed class MessageIntake(IPeerMember member, IPeerObserver observer)
{
    /// <summary>The kinds that members send to each other, as bits by their number. The others are a node's own, or of
    /// a later version; etcd ignores them, too.</summary>
    private static readonly ulong Known = Enum.GetValues<MessageType>()
        .Where(type => type != MessageType.Snapshot)
        .Aggregate(0UL, (bits, type) => bits | (1UL << (int)type));

    /// <summary>Passes the message on. One that is well addressed but of no use is dropped silently, as Raft would:
    /// of a kind that is not known, or a snapshot, which is nothing without the page file that follows it where it is
    /// expected.</summary>
    public Admission Admit(Message message)
    {
        Admission admission = Judge(message);
        bool isKnown = message.Type is >= 0 and < (MessageType)64 && (Known & (1UL << (int)message.Type)) != 0;
        if (admission == Admission.Admitted && isKnown)
            Deliver(message);
        return admission;
    }

    /// <summary>Whether the message is for this member, and from one that may speak.</summary>
    public Admission Judge(Message message)
    {
        if (member.IsRemoved(message.From))
            return Admission.FromRemoved;
        return message.To == member.Id ? Admission.Admitted : Admission.ForAnother;
    }

    public void Deliver(Message message)
    {
        if (!member.Receive(message))
            observer.OnReceiveFailed(message.From);
    }
}

internal enum Admission
{
    Admitted,

    /// <summary>Its sender was removed from the cluster.</summary>
    FromRemoved,

    /// <summary>It is for another member.</summary>
    ForAnother,
}
