using System.Buffers;
using System.Buffers.Binary;
using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;
using Kv.Testing;

namespace Kv.Node.Tests.Peers;

/// <summary>No bytes make a decoder throw, or take memory that did not come with them.</summary>
public sealed class HostileFrameTests
{
    private static readonly StreamKind[] Kinds = [StreamKind.Appends, StreamKind.Messages];

    [Theory]
    [Seeds(200)]
    public void Changed_bytes_are_read_as_something_or_refused(int seed)
    {
        var random = new Random(seed);
        StreamKind kind = Kinds[seed % Kinds.Length];
        var messages = new RandomMessages(random);
        Message[] sent = kind == StreamKind.Appends
            ? [.. messages.Appends(10)]
            : [.. Enumerable.Range(0, 10).Select(_ => messages.Next())];
        byte[] bytes = WireBytes.EncodeStream(kind, (MessageStyle)random.Next(3), sent);
        for (int change = 0; change < 100; change++)
        {
            byte[] changed = (byte[])bytes.Clone();
            for (int flip = random.Next(1, 4); flip > 0; flip--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            ReadAll(kind, WireBytes.Split(changed, () => random.Next(1, 5000)));
        }
    }

    [Theory]
    [Seeds(200)]
    public void Noise_is_read_as_something_or_refused(int seed)
    {
        var random = new Random(seed);
        byte[] noise = new byte[random.Next(300)];
        random.NextBytes(noise);
        noise.AsSpan(0, Math.Min(noise.Length, random.Next(12))).Clear(); // small lengths lead further in
        foreach (StreamKind kind in Kinds)
            ReadAll(kind, new ReadOnlySequence<byte>(noise));
        _ = RaftMessageDecoder.TryDecode(noise);
    }

    [Theory]
    [Seeds(20)]
    public void A_message_cut_off_anywhere_is_none_or_a_shorter_one(int seed)
    {
        Message message = new RandomMessages(new Random(seed)).Next();
        byte[] bytes = WireBytes.Encode(message, MessageStyle.Etcd36);
        for (int length = 0; length < bytes.Length; length++)
            _ = RaftMessageDecoder.TryDecode(bytes[..length]);
    }

    [Theory]
    [InlineData("message", "7FFFFFFFFFFFFFFF")]
    [InlineData("message", "FFFFFFFFFFFFFFFF")]
    [InlineData("message", "0000000020000001")]
    [InlineData("msgapp", "02" + "7FFFFFFFFFFFFFFF")]
    [InlineData("msgapp", "02" + "0000000020000001")]
    [InlineData("msgapp", "01" + "7FFFFFFFFFFFFFFF")]
    [InlineData("msgapp", "01" + "FFFFFFFFFFFFFFFF")]
    [InlineData("msgapp", "01" + "0000000000100001")]
    [InlineData("msgapp", "01" + "0000000000000001" + "7FFFFFFFFFFFFFFF")]
    [InlineData("msgapp", "01" + "0000000000000001" + "8000000000000000")]
    [InlineData("msgapp", "01" + "0000000000000001" + "0000000020000001")]
    [InlineData("msgapp", "03")]
    [InlineData("msgapp", "FF")]
    public void A_length_beyond_all_limits_ends_the_stream_at_once(string kind, string hex)
    {
        IStreamDecoder decoder = StreamKind.Find(kind)!.CreateDecoder(new NodeId(1), new NodeId(2));
        var received = new ReadOnlySequence<byte>(Convert.FromHexString(hex));

        Assert.Equal(FrameOutcome.Malformed, decoder.TryRead(ref received, out _));
    }

    [Theory]
    [InlineData("message", "0000000020000000")]
    [InlineData("msgapp", "02" + "0000000020000000")]
    [InlineData("msgapp", "01" + "0000000000100000")]
    [InlineData("msgapp", "01" + "0000000000000001" + "0000000010000000")]
    public void A_great_length_within_the_limits_takes_no_memory_before_the_bytes_come(string kind, string hex)
    {
        IStreamDecoder decoder = StreamKind.Find(kind)!.CreateDecoder(new NodeId(1), new NodeId(2));
        byte[] head = Convert.FromHexString(hex);
        long before = GC.GetAllocatedBytesForCurrentThread();

        var received = new ReadOnlySequence<byte>(head);
        Assert.Equal(FrameOutcome.Incomplete, decoder.TryRead(ref received, out _));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    /// <summary>An entry of nothing takes two bytes on the wire and fifty in memory.</summary>
    [Fact]
    public void A_message_of_countless_empty_entries_is_refused()
    {
        byte[] entries = new byte[2 * (WireLimits.EntriesMax + 1)];
        for (int at = 0; at < entries.Length; at += 2)
            entries[at] = (RaftFields.Entries << 3) | 2;
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Null(RaftMessageDecoder.TryDecode(entries));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Equal(WireLimits.EntriesMax, RaftMessageDecoder.TryDecode(entries[2..])!.Entries.Length);
    }

    [Theory]
    [InlineData("0803" + "12")] // the value of a number is missing
    [InlineData("0A00")] // a type that is no number
    [InlineData("3803")] // entries that are a number
    [InlineData("3A05" + "0800")] // more promised than there is
    [InlineData("3AFFFFFFFFFFFFFFFFFF01")]
    [InlineData("4A03" + "120108")] // in the midst of a snapshot's metadata
    [InlineData("08FFFFFFFFFFFFFFFFFFFFFF01")] // a number without an end
    [InlineData("00")] // field 0
    [InlineData("0B0C")] // a group
    [InlineData("3A020803")] // an entry of a kind that nobody could apply
    public void What_is_no_message_is_refused(string hex) =>
        Assert.Null(RaftMessageDecoder.TryDecode(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("0803" + "7200" + "F83F01" + "FD3F00000000" + "F93F0000000000000000" + "FA3F0158")]
    public void Fields_of_later_versions_are_passed_over(string hex) =>
        Assert.Equal(MessageType.Append, RaftMessageDecoder.TryDecode(Convert.FromHexString(hex))!.Type);

    /// <summary>A stream joined in its midst, or played again: the numbers do not fit each other, and it is for Raft to
    /// see that; the decoder must only not fail.</summary>
    [Fact]
    public void Appends_that_go_on_from_nothing_are_read()
    {
        byte[] frame = new byte[1 + (3 * sizeof(ulong)) + 4];
        frame[0] = 1;
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(1), 1);
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(9), 4);
        Convert.FromHexString("10051809").CopyTo(frame, 17);
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(21), ulong.MaxValue);

        (List<Message?> messages, _) = WireBytes.DecodeStream(
            new MsgAppDecoder(new NodeId(2), new NodeId(1)), new ReadOnlySequence<byte>([.. frame, .. frame]));

        Assert.Equal([0UL, 1UL], messages.Select(message => message!.Index));
        Assert.Equal(ulong.MaxValue, messages[1]!.Commit);
    }

    private static void ReadAll(StreamKind kind, ReadOnlySequence<byte> bytes)
    {
        IStreamDecoder decoder = kind.CreateDecoder(new NodeId(1), new NodeId(2));
        while (decoder.TryRead(ref bytes, out _) == FrameOutcome.Taken)
        {
            // Each frame taken is shorter by at least a byte, so this ends.
        }
    }
}
