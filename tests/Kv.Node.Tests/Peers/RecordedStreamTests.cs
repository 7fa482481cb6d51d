using System.Buffers;
using System.Buffers.Binary;
using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;

namespace Kv.Node.Tests.Peers;

/// <summary>What members of real clusters wrote is read, and written again byte by byte as that version
/// wrote it.</summary>
public sealed class RecordedStreamTests
{
    private static readonly (string Version, MessageStyle Style)[] Versions =
        [("3.5.30", MessageStyle.Etcd35), ("3.6.13", MessageStyle.Etcd36), ("3.7.1", MessageStyle.Etcd37)];

    public static TheoryData<string, MessageStyle> MessageStreams => Files("message-", ".resp");

    public static TheoryData<string, MessageStyle> AppendStreams => Files("msgapp-", ".resp");

    public static TheoryData<string, MessageStyle> Posts => Files("pipeline-", ".req");

    public static TheoryData<string, MessageStyle> Snapshots => Files("snapshot-", ".req");

    [Theory]
    [MemberData(nameof(MessageStreams))]
    public void A_stream_of_messages_is_read_and_written_again(string name, MessageStyle style)
    {
        byte[] recorded = RecordedPeer.Body(name);

        (List<Message?> messages, long bytes) =
            WireBytes.DecodeStream(new MessageStreamDecoder(), new ReadOnlySequence<byte>(recorded));

        Assert.InRange(messages.Count, 300, 2000);
        Assert.Contains(messages, message => message is null);
        Assert.Equal(recorded.Length, bytes);
        Assert.Equal(recorded, WireBytes.EncodeStream(StreamKind.Messages, style, messages));
    }

    [Theory]
    [MemberData(nameof(AppendStreams))]
    public void A_stream_of_appends_is_read_and_written_again(string name, MessageStyle style)
    {
        byte[] recorded = RecordedPeer.Body(name);
        NodeId[] ends = Ends(recorded);

        (List<Message?> messages, long bytes) =
            WireBytes.DecodeStream(new MsgAppDecoder(ends[1], ends[0]), new ReadOnlySequence<byte>(recorded));

        Assert.Equal(recorded.Length, bytes);
        Assert.Equal(recorded, WireBytes.EncodeStream(StreamKind.Appends, style, messages));
        AssertFollowEachOther(messages, ends);
    }

    [Theory]
    [MemberData(nameof(AppendStreams))]
    public void Where_the_stream_is_cut_into_pieces_does_not_matter(string name, MessageStyle style)
    {
        byte[] recorded = RecordedPeer.Body(name);
        NodeId[] ends = Ends(recorded);
        var decoder = new MsgAppDecoder(ends[1], ends[0]);
        var messages = new List<Message?>();

        // Byte by byte: every frame is seen incomplete at each of its lengths.
        int start = 0;
        for (int end = 0; end <= Math.Min(recorded.Length, 1000); end++)
        {
            var buffer = new ReadOnlySequence<byte>(recorded, start, end - start);
            while (decoder.TryRead(ref buffer, out Message? message) == FrameOutcome.Taken)
                messages.Add(message);
            start = end - (int)buffer.Length;
        }

        Assert.Equal(recorded[..start], WireBytes.EncodeStream(StreamKind.Appends, style, messages));
        Assert.InRange(start, 200, 1000);
    }

    [Theory]
    [MemberData(nameof(Posts))]
    public void A_posted_message_is_read_and_written_again(string name, MessageStyle style)
    {
        byte[] recorded = RecordedPeer.Body(name);

        Message? message = RaftMessageDecoder.TryDecode(recorded);

        Assert.NotNull(message);
        Assert.EndsWith(Name(message.Type), name, StringComparison.Ordinal);
        Assert.Equal(recorded, WireBytes.Encode(message, style));
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void The_message_before_a_page_file_is_read_and_written_again(string name, MessageStyle style)
    {
        byte[] recorded = RecordedPeer.Body(name);
        byte[] head = recorded[sizeof(ulong)..(sizeof(ulong) + (int)BinaryPrimitives.ReadInt64BigEndian(recorded))];

        Message? message = RaftMessageDecoder.TryDecode(head);

        Assert.NotNull(message);
        Assert.Equal(MessageType.Snapshot, message.Type);
        Assert.Equal(3, message.Snapshot!.Conf.Voters.Count);
        Assert.Single(message.Snapshot.Conf.Learners);
        Assert.InRange(message.Snapshot.Id.Index, 60UL, 70UL);
        Assert.Equal((byte)'{', message.Snapshot.Data.Span[0]);
        Assert.Equal(head, WireBytes.Encode(message, style));
    }

    private static void AssertFollowEachOther(List<Message?> messages, NodeId[] ends)
    {
        ulong next = 0;
        foreach (Message message in messages.OfType<Message>())
        {
            Assert.Equal((MessageType.Append, ends[0], ends[1]), (message.Type, message.From, message.To));
            foreach ((int at, Entry entry) in message.Entries.ToArray().Index())
            {
                Assert.Equal(message.Index + 1 + (ulong)at, entry.Index);
                Assert.True(entry.Index >= next, $"{entry.Index} after {next}");
                next = entry.Index;
            }
        }

        Assert.NotEqual(0UL, next);
    }

    /// <summary>Who writes and who reads: the first whole message says so.</summary>
    private static NodeId[] Ends(byte[] stream)
    {
        ReadOnlySpan<byte> rest = stream.AsSpan().TrimStart((byte)0);
        int length = (int)BinaryPrimitives.ReadInt64BigEndian(rest[1..]);
        Message first = RaftMessageDecoder.TryDecode(rest.Slice(1 + sizeof(ulong), length).ToArray())!;
        return [first.From, first.To];
    }

    private static string Name(MessageType type) => type switch
    {
        MessageType.Propose => "MsgProp.req",
        MessageType.AppendResponse => "MsgAppResp.req",
        MessageType.HeartbeatResponse => "MsgHeartbeatResp.req",
        _ => $"Msg{type}.req",
    };

    private static TheoryData<string, MessageStyle> Files(string word, string end)
    {
        var files = new TheoryData<string, MessageStyle>();
        foreach ((string version, MessageStyle style) in Versions)
        {
            foreach (string name in RecordedPeer.Names(version, word))
            {
                if (name.EndsWith(end, StringComparison.Ordinal))
                    files.Add(name, style);
            }
        }

        return files;
    }
}
