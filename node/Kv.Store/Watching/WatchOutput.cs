using System.Buffers;
using System.Text;

namespace Kv.Store.Watching;

/// <summary>One encoded WatchResponse, good until the next is read: what is before the events, made for it, and the
/// bytes of the events, which it shares with other watchers.
/// <code>
/// | header | watch_id | created | canceled | compact_revision | cancel_reason | fragment |  events ...
/// </code>
/// Fields that have no value are left out.</summary>
public sealed class WatchOutput
{
    private const byte HeaderTag = 0x0a;
    private const byte ClusterIdTag = 0x08;
    private const byte MemberIdTag = 0x10;
    private const byte RevisionTag = 0x18;
    private const byte RaftTermTag = 0x20;

    private const byte WatchIdTag = 0x10;
    private const byte CreatedTag = 0x18;
    private const byte CanceledTag = 0x20;
    private const byte CompactRevisionTag = 0x28;
    private const byte CancelReasonTag = 0x32;
    private const byte FragmentTag = 0x38;

    // All fields but the reason, each with its tag: the header's four numbers, two numbers, three flags.
    private const int HeadBytesMax = 2 + (4 * (1 + Varint.BytesMax)) + (2 * (1 + Varint.BytesMax)) + 6;

    // Small enough for the pool of a pipe, large enough for many events.
    private const int PieceBytesMax = 16 * 1024;

    private readonly WatchIdentity _identity;
    private byte[] _head = new byte[HeadBytesMax];
    private int _headBytes;
    private EventList? _events;
    private Range _range;

    internal WatchOutput(WatchIdentity identity) => _identity = identity;

    /// <summary>The length of the whole message.</summary>
    public int EncodedBytes { get; private set; }

    /// <summary>How many events the response has.</summary>
    public int EventCount { get; private set; }

    /// <summary>Whether it tells only how far the client has been told.</summary>
    public bool IsProgress { get; private set; }

    /// <summary>Appends <see cref="EncodedBytes"/> bytes to <paramref name="writer"/>.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        writer.Write(_head.AsSpan(0, _headBytes));
        if (_events is null)
            return;

        Span<byte> piece = [];
        int used = 0;
        int left = EncodedBytes - _headBytes;
        foreach (PendingEvent pending in _events.Events[_range])
        {
            ReadOnlySpan<byte> bytes = pending.Bytes;
            if (bytes.Length > piece.Length - used)
            {
                writer.Advance(used);
                left -= used;
                used = 0;
                piece = bytes.Length > PieceBytesMax ? [] : writer.GetSpan(Math.Min(left, PieceBytesMax));
            }

            if (bytes.Length > PieceBytesMax)
            {
                writer.Write(bytes);
                left -= bytes.Length;
            }
            else
            {
                bytes.CopyTo(piece[used..]);
                used += bytes.Length;
            }
        }

        writer.Advance(used);
    }

    internal void SetNotice(WatchNotice notice)
    {
        int reasonBytes = Encoding.UTF8.GetByteCount(notice.CancelReason);
        if (_head.Length < HeadBytesMax + Varint.BytesMax + 1 + reasonBytes)
            _head = new byte[HeadBytesMax + Varint.BytesMax + 1 + reasonBytes];

        int at = WriteHeader(notice.Revision);
        at = WriteNumber(at, WatchIdTag, notice.WatchId);
        at = WriteNumber(at, CreatedTag, notice.IsCreated ? 1 : 0);
        at = WriteNumber(at, CanceledTag, notice.IsCanceled ? 1 : 0);
        at = WriteNumber(at, CompactRevisionTag, notice.CompactRevision);
        if (reasonBytes > 0)
        {
            at = WriteNumber(at, CancelReasonTag, reasonBytes);
            at += Encoding.UTF8.GetBytes(notice.CancelReason, _head.AsSpan(at));
        }

        IsProgress = !notice.IsCreated && !notice.IsCanceled;
        _headBytes = at;
        _events = null;
        EventCount = 0;
        EncodedBytes = at;
    }

    /// <summary>The size of a response less its events.</summary>
    internal int MeasureHead(long watchId, long revision, bool isFragment) => WriteHead(watchId, revision, isFragment);

    internal void SetEvents(long watchId, long revision, bool isFragment, EventList events, Range range)
    {
        IsProgress = false;
        _headBytes = WriteHead(watchId, revision, isFragment);
        _events = events;
        _range = range;

        int bytes = _headBytes;
        foreach (PendingEvent pending in events.Events[range])
            bytes += pending.Bytes.Length;
        EncodedBytes = bytes;
        EventCount = events.Events[range].Length;
    }

    private int WriteHead(long watchId, long revision, bool isFragment)
    {
        int at = WriteHeader(revision);
        at = WriteNumber(at, WatchIdTag, watchId);
        return WriteNumber(at, FragmentTag, isFragment ? 1 : 0);
    }

    private int WriteHeader(long revision)
    {
        const int ContentOffset = 2; // the content is shorter than 128 bytes, so its length takes one
        int at = ContentOffset;
        at = WriteNumber(at, ClusterIdTag, unchecked((long)_identity.ClusterId));
        at = WriteNumber(at, MemberIdTag, unchecked((long)_identity.MemberId));
        at = WriteNumber(at, RevisionTag, revision);
        at = WriteNumber(at, RaftTermTag, unchecked((long)_identity.RaftTerm()));
        _head[0] = HeaderTag;
        _head[1] = (byte)(at - ContentOffset);
        return at;
    }

    private int WriteNumber(int at, byte tag, long value)
    {
        if (value == 0)
            return at;
        _head[at] = tag;
        return at + 1 + Varint.Write(_head.AsSpan(at + 1), unchecked((ulong)value));
    }
}
