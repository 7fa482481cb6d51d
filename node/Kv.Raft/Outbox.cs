namespace Kv.Raft;

/// <summary>The messages since the last output, in two lists: those that promise something (a vote, an
/// acknowledgement, also the request of a vote) wait for the disk, the others do not.</summary>
internal sealed class Outbox
{
    private List<Message> _messages = [];
    private List<Message> _afterPersist = [];

    public bool IsEmpty => _messages.Count == 0 && _afterPersist.Count == 0;

    public bool HasPromises => _afterPersist.Count > 0;

    public void Send(Message message) => _messages.Add(message);

    public void SendAfterPersist(Message message)
    {
        // An acknowledgement covers those before it: a batch of appends is answered once.
        if (_afterPersist.Count > 0 && Covers(message, _afterPersist[^1]))
            _afterPersist[^1] = message;
        else
            _afterPersist.Add(message);
    }

    public void MoveTo(Output output, bool isNothingPending)
    {
        if (isNothingPending)
        {
            _messages.AddRange(_afterPersist);
            _afterPersist.Clear();
        }

        output.SwapMessages(ref _messages, ref _afterPersist);
    }

    private static bool Covers(Message message, Message earlier) =>
        message.Type == MessageType.AppendResponse
        && earlier.Type == MessageType.AppendResponse
        && !message.Reject
        && !earlier.Reject
        && message.To == earlier.To
        && message.Term == earlier.Term
        && message.Index >= earlier.Index;
}
