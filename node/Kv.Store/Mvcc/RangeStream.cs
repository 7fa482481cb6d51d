namespace Kv.Store;

/// <summary>A range answered in several messages, all of one revision. Between them nothing is kept from being
/// compacted, so a stream may end with <see cref="KvError.Compacted"/>. Messages begin small and grow or shrink with
/// their bytes. For one thread at a time.</summary>
public sealed class RangeStream
{
    private const int FirstKeys = 10;
    private const int KeysMax = 1 << 20;

    private readonly KeySpace _space;
    private readonly byte[] _request;
    private readonly int _messageBytes;
    private byte[] _next;
    private long _revision;
    private long _left = -1;
    private long _count;
    private bool _hasMore;
    private int _keys = FirstKeys;

    internal RangeStream(KeySpace space, ReadOnlySpan<byte> request, int messageBytes)
    {
        _space = space;
        _request = request.ToArray();
        _messageBytes = messageBytes;
        RangeRequestView.TryRead(_request, out RangeRequestView range);
        _next = range.Key.ToArray();
        _revision = range.Revision;
    }

    /// <summary>Whether the last message has been given.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The next message, a <c>RangeStreamResponse</c>; to be disposed. An error in it ends the
    /// stream.</summary>
    public RangeReply Next(in ReplyHeader header)
    {
        Invariant.Require(!IsDone);
        var reply = RangeReply.Rent();
        ReadPoint point = _space.BeginRead();
        reply.Own(point.View);
        reply.Revision = point.Current;
        Read(point, reply);
        point.LeaveIndex();
        if (reply.Error != KvError.None)
        {
            IsDone = true;
            return reply;
        }

        _left -= reply.KeyCount;
        IsDone = _left == 0;
        reply.Count = _count;
        reply.More = _hasMore;
        reply.SealForStream(header, IsDone);
        Prepare(reply);
        return reply;
    }

    private void Read(in ReadPoint point, RangeReply reply)
    {
        RangeRequestView.TryRead(_request, out RangeRequestView range);
        if (_revision <= 0)
            _revision = point.Current;
        reply.Error = point.CheckReadable(_revision);
        if (reply.Error != KvError.None)
            return;

        if (_left < 0)
            Count(range, point);
        if (_left == 0)
            return;
        var chunk = new RangeRequestView
        {
            Key = _next,
            RangeEnd = range.RangeEnd,
            Limit = Math.Min(_left, _keys),
            KeysOnly = range.KeysOnly,
        };
        RangeReader.ReadSome(_space, point, _revision, chunk, reply);
        Invariant.Require(reply.KeyCount > 0);
    }

    // What is in the range is known from the first message on, as the revision does not change.
    private void Count(in RangeRequestView range, in ReadPoint point)
    {
        using var counted = RangeReply.Rent();
        var all = new RangeRequestView { Key = range.Key, RangeEnd = range.RangeEnd, CountOnly = true };
        RangeReader.Read(_space, point, _revision, all, counted);
        _count = counted.Count;
        long wanted = range.Limit > 0 ? Math.Min(range.Limit, _count) : _count;
        _hasMore = wanted < _count && !range.CountOnly;
        _left = range.CountOnly ? 0 : wanted;
    }

    private void Prepare(RangeReply reply)
    {
        if (IsDone)
            return;
        KeyValueView.TryRead(reply.KeyValue(reply.KeyCount - 1), out KeyValueView last);
        _next = [.. last.Key, 0];
        if (reply.EncodedBytes < _messageBytes / 2)
            _keys = Math.Min(_keys * 2, KeysMax);
        else if (reply.EncodedBytes > 2L * _messageBytes)
            _keys = Math.Max(_keys / 2, 1);
    }
}
