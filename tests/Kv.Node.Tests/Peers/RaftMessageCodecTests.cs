using System.Buffers;
using Google.Protobuf;
using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;
using Kv.Testing;

namespace Kv.Node.Tests.Peers;

/// <summary>Ours against what Google's library makes of the same protocol.</summary>
public sealed class RaftMessageCodecTests
{
    private static readonly MessageStyle[] Styles = Enum.GetValues<MessageStyle>();

    [Theory]
    [Seeds(100)]
    public void A_message_means_the_same_to_googles_library(int seed)
    {
        var messages = new RandomMessages(new Random(seed));
        foreach (MessageStyle style in Styles)
        {
            Message message = messages.Next();

            var theirs = Raftpb.Message.Parser.ParseFrom(WireBytes.Encode(message, style));

            AssertSame(message, theirs);
            AssertSame(message, RaftMessageDecoder.TryDecode(theirs.ToByteArray())!);
        }
    }

    [Theory]
    [Seeds(100)]
    public void Every_style_is_read_as_the_same_message(int seed)
    {
        var random = new Random(seed);
        Message message = new RandomMessages(random).Next();
        foreach (MessageStyle style in Styles)
        {
            byte[] bytes = WireBytes.Encode(message, style);

            AssertSame(message, RaftMessageDecoder.TryDecode(bytes)!);
            AssertSame(message, RaftMessageDecoder.TryDecode(new ReadOnlySequence<byte>(bytes))!);
            AssertSame(message, RaftMessageDecoder.TryDecode(WireBytes.Split(bytes, () => random.Next(1, 9)))!);
        }
    }

    [Theory]
    [Seeds(100)]
    public void A_stream_of_appends_tells_all_of_them(int seed)
    {
        var random = new Random(seed);
        Message[] sent = [.. new RandomMessages(random).Appends(50)];
        byte[] bytes = WireBytes.EncodeStream(StreamKind.Appends, Styles[seed % Styles.Length], sent);

        (List<Message?> got, long length) = WireBytes.DecodeStream(
            new MsgAppDecoder(new NodeId(2), new NodeId(1)), WireBytes.Split(bytes, () => random.Next(1, 200)));

        Assert.Equal(bytes.Length, length);
        Assert.Equal(sent.Length, got.Count);
        foreach ((Message one, Message? other) in sent.Zip(got))
            AssertSame(one, other!);
    }

    /// <summary>The short form is what makes the stream worth having.</summary>
    [Fact]
    public void An_append_that_goes_on_from_the_last_costs_its_entries_alone()
    {
        Message[] appends =
        [
            Append(index: 3, logTerm: 1, 4),
            Append(index: 4, logTerm: 2, 5, 6),
            Append(index: 6, logTerm: 2),
            Append(index: 5, logTerm: 2, 6),
        ];

        byte[] bytes = WireBytes.EncodeStream(StreamKind.Appends, MessageStyle.Etcd37, appends);

        const string Entry = "10021800";
        Assert.StartsWith("02", Convert.ToHexString(bytes), StringComparison.Ordinal);
        Assert.Contains(
            "01" + "0000000000000002"
            + "0000000000000004" + Entry[..^2] + "05" + "0000000000000004" + Entry[..^2] + "06" + "0000000000000003"
            + "01" + "0000000000000000" + "0000000000000003"
            + "02",
            Convert.ToHexString(bytes),
            StringComparison.Ordinal);
    }

    /// <summary>The hot path: what is made of a heartbeat or an acknowledgement is the message itself.</summary>
    [Fact]
    public void Reading_and_writing_allocate_no_more_than_the_message()
    {
        var response = new Message
        {
            Type = MessageType.AppendResponse,
            To = new(1),
            From = new(2),
            Index = 7,
            Term = 3,
        };
        byte[] bytes = WireBytes.EncodeStream(StreamKind.Messages, MessageStyle.Etcd36, [response]);
        var buffer = new ArrayBufferWriter<byte>(1024);
        IStreamEncoder encoder = StreamKind.Messages.CreateEncoder(MessageStyle.Etcd36);
        var decoder = new MessageStreamDecoder();
        const int Rounds = 1000;

        long allocated = 0;
        for (int pass = 0; pass < 2; pass++) // the first lets the runtime settle
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < Rounds; round++)
            {
                buffer.ResetWrittenCount();
                encoder.Write(buffer, response);
                var received = new ReadOnlySequence<byte>(bytes);
                Assert.True(decoder.TryRead(ref received, out Message? message) == FrameOutcome.Taken);
                GC.KeepAlive(message);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.InRange(allocated / Rounds, 100, 250);
    }

    internal static void AssertSame(Message expected, Message actual)
    {
        Assert.Equal(
            (expected.Type, expected.To, expected.From, expected.Term, expected.LogTerm, expected.Index),
            (actual.Type, actual.To, actual.From, actual.Term, actual.LogTerm, actual.Index));
        Assert.Equal(
            (expected.Commit, expected.Reject, expected.RejectHint),
            (actual.Commit, actual.Reject, actual.RejectHint));
        Assert.Equal(expected.Context.ToArray(), actual.Context.ToArray());
        Assert.Equal(expected.Entries.Length, actual.Entries.Length);
        foreach ((Entry one, Entry other) in expected.Entries.ToArray().Zip(actual.Entries.ToArray()))
        {
            Assert.Equal((one.Id, one.Type), (other.Id, other.Type));
            Assert.Equal(one.Data.ToArray(), other.Data.ToArray());
        }

        Assert.Equal(expected.Snapshot?.Id, actual.Snapshot?.Id);
        Assert.Equal(expected.Snapshot?.Conf, actual.Snapshot?.Conf);
        Assert.Equal(expected.Snapshot?.Data.ToArray(), actual.Snapshot?.Data.ToArray());
    }

    private static void AssertSame(Message ours, Raftpb.Message theirs)
    {
        Assert.Equal(
            ((int)ours.Type, ours.To.Value, ours.From.Value, ours.Term, ours.LogTerm, ours.Index),
            ((int)theirs.Type, theirs.To, theirs.From, theirs.Term, theirs.LogTerm, theirs.Index));
        Assert.Equal(
            (ours.Commit, ours.Reject, ours.RejectHint, 0UL),
            (theirs.Commit, theirs.Reject, theirs.RejectHint, theirs.Vote));
        Assert.Equal(ours.Context.ToArray(), theirs.Context.ToByteArray());
        Assert.Equal(ours.Entries.Length, theirs.Entries.Count);
        foreach ((Entry one, Raftpb.Entry other) in ours.Entries.ToArray().Zip(theirs.Entries))
        {
            Assert.Equal((one.Term, one.Index, (int)one.Type), (other.Term, other.Index, (int)other.Type));
            Assert.Equal(one.Data.ToArray(), other.Data.ToByteArray());
        }

        Assert.Equal(ours.Snapshot?.Id.Index ?? 0, theirs.Snapshot?.Metadata.Index ?? 0);
        Assert.Equal(ours.Snapshot?.Id.Term ?? 0, theirs.Snapshot?.Metadata.Term ?? 0);
        Assert.Equal(ours.Snapshot?.Data.ToArray() ?? [], theirs.Snapshot?.Data.ToByteArray() ?? []);
        Assert.Equal(
            ours.Snapshot?.Conf.Learners.Select(id => id.Value) ?? [],
            theirs.Snapshot?.Metadata.ConfState.Learners ?? []);
    }

    private static Message Append(ulong index, ulong logTerm, params ulong[] entries) => new()
    {
        Type = MessageType.Append,
        From = new NodeId(1),
        To = new NodeId(2),
        Term = 2,
        LogTerm = logTerm,
        Index = index,
        Commit = 3,
        Entries = entries.Select(each => new Entry(new EntryId(2, each), EntryType.Normal, default)).ToArray(),
    };
}
