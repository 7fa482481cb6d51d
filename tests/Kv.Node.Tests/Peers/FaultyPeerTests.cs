using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;
using Kv.Testing;

namespace Kv.Node.Tests.Peers;

/// <summary>Peers that are broken, silent or hostile.</summary>
public sealed class FaultyPeerTests
{
    private static readonly NodeId Self = new(1);
    private static readonly NodeId Other = new(2);

    public static TheoryData<string> Garbage =>
    [
        "00", // the beginning of a length
        "7FFFFFFFFFFFFFFF", // a length beyond limits
        "0000000000000003FFFFFF", // a message that is none
        "02000000000000000A0803", // a full append, cut off
        "01FFFFFFFFFFFFFFFF", // countless entries
        "0000000010000000", // a length that never comes
        "FF",
    ];

    /// <summary>The stream is given up, and asked for again: two streams for each attempt.</summary>
    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Garbage_on_a_stream_ends_it_and_the_next_is_asked_for(string hex)
    {
        await using PeerNode node = await PeerNode.StartAsync(
            Self.Value, options => options with { ReadTimeout = TimeSpan.FromMilliseconds(150) });
        await using var peer = RawPeer.Streaming(Convert.FromHexString(hex));

        node.Transport.AddPeer(Other, [peer.Url]);

        await PeerNode.UntilAsync(() => peer.Requests >= 6, "asked again");
        Assert.False(node.Received.TryRead(out _));
    }

    [Fact]
    public async Task A_stream_that_is_cut_off_gives_the_messages_before_the_cut()
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        byte[] whole = WireBytes.EncodeStream(
            StreamKind.Messages, MessageStyle.Etcd36, [Message(commit: 1), Message(commit: 2), Message(commit: 3)]);
        await using var peer = new RawPeer(async (head, connection, stop) =>
        {
            if (!head.Contains("/message/", StringComparison.Ordinal))
                return;
            await connection.WriteAsync(System.Text.Encoding.ASCII.GetBytes(RawPeer.StreamHead), stop);
            await connection.WriteAsync(RawPeer.Chunk(whole[..^3]), stop);
        });

        node.Transport.AddPeer(Other, [peer.Url]);

        // And again, as it is dialled again: a stream that is played again is for Raft to see through.
        foreach (ulong commit in new ulong[] { 1, 2, 1, 2 })
            Assert.Equal(commit, (await node.NextAsync()).Commit);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_dialled_again()
    {
        var time = new ManualTime();
        await using PeerNode node = await PeerNode.StartAsync(
            Self.Value, options => options with { Time = time, ReadTimeout = TimeSpan.FromSeconds(9) });
        await using var peer = RawPeer.Streaming([]);
        node.Transport.AddPeer(Other, [peer.Url]);
        await PeerNode.UntilAsync(() => node.Transport.ActiveSince(Other) is not null && peer.Requests == 2, "up");

        time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal((0, 2), (node.Losses, peer.Requests));

        // Each stream is given up when it has been silent for long enough itself; if one is back before the other goes,
        // the peer was never lost.
        await PeerNode.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return peer.Requests >= 4;
            },
            "dialled again");
    }

    [Theory]
    [InlineData("msgapp", "00")]
    [InlineData("message", "0000000000000014")]
    public async Task An_idle_stream_says_something_three_times_in_the_time_that_would_end_it(string name, string begin)
    {
        var time = new ManualTime();
        await using PeerNode node = await PeerNode.StartAsync(
            Self.Value, options => options with { Time = time, ReadTimeout = TimeSpan.FromSeconds(9) });
        node.Transport.AddPeer(Other, ["http://127.0.0.1:1"]);
        StreamKind kind = StreamKind.Find(name)!;
        using PeerDialer dialer = await PeerDialer.OpenStreamAsync(node, kind, Other);
        await PeerNode.UntilAsync(() => node.Transport.FindSender(Other, kind)!.IsAttached, "attached");

        for (int beat = 0; beat < 4; beat++)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            string chunk = Convert.ToHexString(await dialer.ReadChunkAsync());
            Assert.StartsWith(begin, chunk, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Heartbeats_of_the_link_keep_it_and_are_not_passed_on()
    {
        var timing = new PeerTransportOptions { PeerUrls = [] }.ReadTimeout / 25; // 200 ms
        await using PeerNode one = await PeerNode.StartAsync(1, options => options with { ReadTimeout = timing });
        await using PeerNode two = await PeerNode.StartAsync(2, options => options with { ReadTimeout = timing });
        PeerNode.Join(one, two);
        await PeerNode.UntilConnectedAsync(one, two);

        // Bytes come only from heartbeats here: enough of them for three times the time that would end a silent link.
        long before = one.ReceivedBytes;
        long of = WireBytes.EncodeStream(StreamKind.Messages, MessageStyle.Etcd36, [null]).Length + 1;
        await PeerNode.UntilAsync(() => one.ReceivedBytes - before >= 9 * of, "heartbeats");

        Assert.Equal((0, 0), (one.Losses, two.Losses));
        Assert.False(one.Received.TryRead(out _));
    }

    [Fact]
    public async Task Who_dials_again_takes_the_stream_over()
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        node.Transport.AddPeer(Other, ["http://127.0.0.1:1"]);
        using PeerDialer first = await PeerDialer.OpenStreamAsync(node, StreamKind.Messages, Other);
        await PeerNode.UntilAsync(() => node.Transport.FindSender(Other, StreamKind.Messages)!.IsAttached, "attached");
        using PeerDialer second = await PeerDialer.OpenStreamAsync(node, StreamKind.Messages, Other);

        await first.ReadToEndAsync(); // returns when it is closed
        node.Transport.Send(new Message { Type = MessageType.Heartbeat, To = Other, From = Self, Commit = 9 });

        byte[] chunk = await second.ReadChunkAsync();
        Assert.Equal(9UL, RaftMessageDecoder.TryDecode(chunk[sizeof(ulong)..])!.Commit);
    }

    /// <summary>Appends have a stream of their own; a peer that has only the other gets them there.</summary>
    [Fact]
    public async Task Appends_take_the_stream_of_messages_where_they_have_none()
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        node.Transport.AddPeer(Other, ["http://127.0.0.1:1"]);
        using PeerDialer dialer = await PeerDialer.OpenStreamAsync(node, StreamKind.Messages, Other);
        await PeerNode.UntilAsync(() => node.Transport.FindSender(Other, StreamKind.Messages)!.IsAttached, "attached");

        node.Transport.Send(new Message { Type = MessageType.Append, To = Other, From = Self, Term = 2, Index = 8 });

        Message got = RaftMessageDecoder.TryDecode((await dialer.ReadChunkAsync())[sizeof(ulong)..])!;
        Assert.Equal((MessageType.Append, 8UL), (got.Type, got.Index));
    }

    [Fact]
    public async Task A_peer_that_does_not_read_fills_its_own_queue_and_nobody_elses()
    {
        const int Messages = 400;
        await using PeerNode node = await PeerNode.StartAsync(
            Self.Value,
            options => options with { StreamQueueMax = 16, WriteTimeout = TimeSpan.FromSeconds(1) });
        await using PeerNode good = await PeerNode.StartAsync(3);
        PeerNode.Join(node, good);
        await PeerNode.UntilConnectedAsync(node, good);
        node.Transport.AddPeer(Other, ["http://127.0.0.1:1"]);
        using PeerDialer deaf = await PeerDialer.OpenStreamAsync(node, StreamKind.Appends, Other);
        await PeerNode.UntilAsync(() => node.Transport.FindSender(Other, StreamKind.Appends)!.IsAttached, "attached");

        // 400 MB to the one that does not read, and in between a word to the one that does.
        byte[] data = new byte[1_000_000];
        for (int at = 0; at < Messages; at++)
        {
            node.Transport.Send(new Message
            {
                Type = MessageType.Append,
                To = Other,
                From = Self,
                Entries = new[] { new Entry(new EntryId(1, 1), EntryType.Normal, data) },
            });
            node.Transport.Send(TransportTests.Heartbeat(node, good, (ulong)at));
            Assert.Equal((ulong)at, (await good.NextAsync()).Commit);
        }

        Assert.InRange(node.Unreachable, Messages - 100, Messages);
        await PeerNode.UntilAsync(
            () => !node.Transport.FindSender(Other, StreamKind.Appends)!.IsAttached, "the stuck write given up");
        await deaf.ReadToEndAsync();
        Assert.True(node.HasStreamsTo(good.Id));
    }

    [Fact]
    public async Task A_peer_that_cannot_be_reached_takes_only_so_many_messages()
    {
        await using PeerNode node = await PeerNode.StartAsync(
            Self.Value, options => options with { PostQueueMax = 8, PostsMax = 2 });
        await using var peer = new RawPeer((_, _, stop) => RawPeer.FreezeAsync(stop));
        node.Transport.AddPeer(Other, [peer.Url]);

        for (int at = 0; at < 1000; at++)
            node.Transport.Send(new Message { Type = MessageType.Heartbeat, To = Other, From = Self });

        Assert.InRange(node.Unreachable, 1000 - 8 - 2, 1000);
    }

    [Theory]
    [InlineData("HTTP/1.1 410 Gone", 1)]
    [InlineData("HTTP/1.1 403 Forbidden", 1)] // an answer to what is posted
    [InlineData("HTTP/1.1 404 Not Found", 0)]
    [InlineData("HTTP/1.1 412 Precondition Failed", 0)]
    [InlineData("HTTP/1.1 500 Internal Server Error", 0)]
    public async Task Only_some_answers_say_that_this_member_was_removed(string status, int removals)
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        await using var peer = RawPeer.Answering(
            status + "\r\nX-Server-Version: 3.7.1\r\nContent-Length: 2\r\n\r\nx\n");
        node.Transport.AddPeer(Other, [peer.Url]);

        var heartbeat = new Message { Type = MessageType.Heartbeat, To = Other, From = Self };
        node.Transport.Send(heartbeat);
        await PeerNode.UntilAsync(
            () =>
            {
                // An answer may get lost, as the peer answers before it has read all.
                if (node.Removals < removals)
                    node.Transport.Send(heartbeat);
                return peer.Requests >= 8 && node.Unreachable > 0 && node.Removals >= removals;
            },
            "refused several times");

        Assert.Equal(removals, node.Removals);
    }

    /// <summary>An answer without a version is from before there were such streams, or from no etcd at all.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("X-Server-Version: bogus\r\n")]
    [InlineData("X-Server-Version: 2.0.9\r\n")]
    public async Task A_stream_without_a_version_is_not_read(string header)
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        byte[] content = WireBytes.EncodeStream(StreamKind.Messages, MessageStyle.Etcd36, [Message(commit: 1)]);
        await using var peer = new RawPeer(async (_, connection, stop) =>
        {
            string head = RawPeer.StreamHead.Replace("X-Server-Version: 3.7.1\r\n", header, StringComparison.Ordinal);
            await connection.WriteAsync(System.Text.Encoding.ASCII.GetBytes(head), stop);
            await connection.WriteAsync(RawPeer.Chunk(content), stop);
            await RawPeer.HoldAsync(connection, stop);
        });

        node.Transport.AddPeer(Other, [peer.Url]);

        await PeerNode.UntilAsync(() => peer.Requests >= 6, "asked again");
        Assert.False(node.Received.TryRead(out _));
        Assert.Null(node.Transport.ActiveSince(Other));
    }

    [Fact]
    public async Task What_is_not_for_this_member_is_not_passed_on()
    {
        await using PeerNode node = await PeerNode.StartAsync(Self.Value);
        node.Removed[new NodeId(4)] = true;
        Message?[] messages =
        [
            new Message { Type = MessageType.Heartbeat, To = new NodeId(5), From = Other },
            new Message { Type = MessageType.Heartbeat, To = Self, From = new NodeId(4) },
            new Message { Type = (MessageType)0, To = Self, From = Other },
            new Message { Type = (MessageType)19, To = Self, From = Other },
            new Message { Type = (MessageType)23, To = Self, From = Other },
            new Message { Type = (MessageType)(-1), To = Self, From = Other },
            new Message { Type = (MessageType)70, To = Self, From = Other },
            new Message { Type = MessageType.Snapshot, To = Self, From = Other, Snapshot = Snapshot },
            Message(commit: 7),
        ];
        byte[] content = WireBytes.EncodeStream(StreamKind.Messages, MessageStyle.Etcd36, messages);
        await using var peer = RawPeer.Streaming(content);

        node.Transport.AddPeer(Other, [peer.Url]);

        Assert.Equal(7UL, (await node.NextAsync()).Commit);
    }

    private static Snapshot Snapshot => new(new EntryId(1, 1), ConfState.OfVoters(Self));

    private static Message Message(ulong commit) =>
        new() { Type = MessageType.Heartbeat, To = Self, From = Other, Term = 1, Commit = commit };
}
