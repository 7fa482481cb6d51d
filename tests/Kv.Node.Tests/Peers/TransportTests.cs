using Kv.Raft;
using Kv.Server.Peers.Wire;

namespace Kv.Node.Tests.Peers;

/// <summary>Transports against each other, over real sockets.</summary>
public sealed class TransportTests
{
    [Fact]
    public async Task Members_exchange_all_kinds_of_messages_in_order()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        await using PeerNode three = await PeerNode.StartAsync(3);
        PeerNode[] nodes = [one, two, three];
        PeerNode.Join(nodes);
        await PeerNode.UntilConnectedAsync(nodes);

        foreach (PeerNode from in nodes)
        {
            foreach (PeerNode to in nodes.Where(node => node != from))
                await AssertExchangeAsync(from, to);
        }

        Assert.All(nodes, node => Assert.Equal(0, node.Unreachable));
        Assert.All(nodes, node => Assert.NotNull(node.Transport.ActiveSince(nodes.First(each => each != node).Id)));
        Assert.Null(one.Transport.ActiveSince(new NodeId(9)));
        Assert.InRange(one.SentBytes, 10_000, 2_000_000);
        Assert.InRange(one.ReceivedBytes, 10_000, 2_000_000);
    }

    [Theory]
    [InlineData(MessageStyle.Etcd35)]
    [InlineData(MessageStyle.Etcd37)]
    public async Task Great_entries_arrive_whole(MessageStyle style)
    {
        await using PeerNode one = await PeerNode.StartAsync(1, options => options with { Style = style });
        await using PeerNode two = await PeerNode.StartAsync(2);
        PeerNode.Join(one, two);
        await PeerNode.UntilConnectedAsync(one, two);
        var random = new Random(7);
        Message[] sent = [.. Enumerable.Range(0, 8).Select(at => Append(one, two, at, random, 3_000_000))];

        foreach (Message message in sent)
            one.Transport.Send(message);

        foreach (Message message in sent)
            RaftMessageCodecTests.AssertSame(message, await two.NextAsync());
    }

    [Fact]
    public async Task What_has_no_stream_is_posted()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        one.Transport.AddPeer(two.Id, [two.Url]); // two does not dial: it knows of none

        one.Transport.Send(Heartbeat(one, two, commit: 5));
        Message got = await two.NextAsync();

        Assert.Equal(5UL, got.Commit);
        await PeerNode.UntilAsync(() => one.Transport.ActiveSince(two.Id) is not null, "active by posts");
    }

    /// <summary>A member that joins must answer the leader before it has come to the entry that names it.</summary>
    [Fact]
    public async Task A_stranger_that_tells_its_address_is_answered()
    {
        await using PeerNode leader = await PeerNode.StartAsync(1);
        await using PeerNode joining = await PeerNode.StartAsync(2);
        leader.Transport.AddPeer(joining.Id, [joining.Url]);
        leader.Transport.Send(Heartbeat(leader, joining, commit: 0));
        await joining.NextAsync();

        joining.Transport.Send(Heartbeat(joining, leader, commit: 6));
        Assert.Equal(6UL, (await leader.NextAsync()).Commit);

        joining.Transport.AddPeer(leader.Id, [leader.Url]);
        await PeerNode.UntilConnectedAsync(leader, joining);
        joining.Transport.Send(Heartbeat(joining, leader, commit: 7));
        Assert.Equal(7UL, (await leader.NextAsync()).Commit);
    }

    [Fact]
    public async Task There_is_a_limit_to_strangers()
    {
        await using PeerNode node = await PeerNode.StartAsync(1, options => options with { RemotesMax = 3 });
        await using PeerNode stranger = await PeerNode.StartAsync(7);
        foreach (ulong id in new ulong[] { 11, 12, 13, 14, 7 })
            node.Transport.AddRemote(new NodeId(id), [stranger.Url]);

        node.Transport.Send(Heartbeat(node, stranger, commit: 1));
        node.Transport.Send(new Message { Type = MessageType.Heartbeat, To = new NodeId(11), From = node.Id });

        await PeerNode.UntilAsync(() => node.Unreachable > 0, "the post to 11, refused as it is for another");
        Assert.False(stranger.Received.TryRead(out _));
    }

    [Fact]
    public async Task Streams_come_back_when_the_peer_does()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        PeerNode.Join(one, two);
        await PeerNode.UntilConnectedAsync(one, two);
        DateTimeOffset? before = two.Transport.ActiveSince(one.Id);
        Assert.Equal(0, two.Refused);

        await one.StopListeningAsync();
        await PeerNode.UntilAsync(() => !one.HasStreamsTo(two.Id), "streams gone");
        await PeerNode.UntilAsync(() => two.Refused > 1, "told with each attempt that nothing listens");
        await one.ListenAsync();
        await PeerNode.UntilConnectedAsync(one, two);

        one.Transport.Send(Append(one, two, 3, new Random(1), 100));
        Assert.Equal(MessageType.Append, (await two.NextAsync()).Type);
        Assert.NotNull(before);
    }

    [Fact]
    public async Task The_next_of_several_addresses_is_tried()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        two.Transport.AddPeer(one.Id, ["http://127.0.0.1:1", "unix://nowhere", "no address at all", one.Url]);
        one.Transport.AddPeer(two.Id, ["http://127.0.0.1:1"]);

        await PeerNode.UntilAsync(() => one.HasStreamsTo(two.Id), "streams dialled by two");
        Assert.False(two.HasStreamsTo(one.Id));

        one.Transport.UpdatePeer(two.Id, [two.Url]);
        await PeerNode.UntilConnectedAsync(one, two);
    }

    [Fact]
    public async Task A_removed_peer_is_spoken_with_no_more()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        PeerNode.Join(one, two);
        await PeerNode.UntilConnectedAsync(one, two);

        one.Removed[two.Id] = true;
        one.Transport.RemovePeer(two.Id);

        // Two dials again, is told that it was removed, and so is to stop.
        await PeerNode.UntilAsync(() => two.Removals > 0, "told of its removal");
        two.Transport.Send(Heartbeat(two, one, commit: 1));
        one.Transport.Send(Heartbeat(one, two, commit: 1));
        await PeerNode.UntilAsync(() => two.Unreachable > 0, "refused");
        Assert.False(one.Received.TryRead(out _));
        Assert.False(two.Received.TryRead(out _));
        Assert.Equal(1, two.Removals);
        Assert.Equal(0, one.Removals);
    }

    [Fact]
    public async Task Members_of_different_clusters_do_not_speak()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using var two = new PeerNode(2) { ClusterId = 0xC2 };
        await two.ListenAsync();
        PeerNode.Join(one, two);

        one.Transport.Send(Heartbeat(one, two, commit: 1));
        await PeerNode.UntilAsync(() => one.Unreachable > 0, "refused");

        Assert.False(two.Received.TryRead(out _));
        Assert.False(one.HasStreamsTo(two.Id));
        Assert.Null(one.Transport.ActiveSince(two.Id));
    }

    [Theory]
    [InlineData("3.8.0", true)]
    [InlineData("3.5.30", true)]
    [InlineData("2.3.8", false)]
    public async Task Versions_decide_who_speaks(string version, bool speaks)
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using var two = new PeerNode(2) { Versions = new(version, version, version) };
        await two.ListenAsync();
        PeerNode.Join(one, two);

        if (speaks)
            await PeerNode.UntilConnectedAsync(one, two);
        two.Transport.Send(Heartbeat(two, one, commit: 1));
        await PeerNode.UntilAsync(() => two.Unreachable > 0 || one.Received.Count > 0, "sent or refused");

        Assert.Equal(speaks, one.Received.TryRead(out _));
    }

    [Fact]
    public async Task Disposing_ends_everything_and_sending_afterwards_does_nothing()
    {
        var one = new PeerNode(1);
        await one.ListenAsync();
        await using PeerNode two = await PeerNode.StartAsync(2);
        PeerNode.Join(one, two);
        await PeerNode.UntilConnectedAsync(one, two);

        await one.DisposeAsync();
        one.Transport.Send(Heartbeat(one, two, commit: 1));
        one.Transport.AddPeer(new NodeId(3), ["http://127.0.0.1:1"]);

        await PeerNode.UntilAsync(() => two.Transport.ActiveSince(one.Id) is null, "noticed");
        Assert.False(two.Received.TryRead(out _));
    }

    internal static Message Heartbeat(PeerNode from, PeerNode to, ulong commit) =>
        new() { Type = MessageType.Heartbeat, From = from.Id, To = to.Id, Term = 4, Commit = commit };

    internal static Message Append(PeerNode from, PeerNode to, int at, Random random, int bytes)
    {
        byte[] data = new byte[bytes];
        random.NextBytes(data);
        return new Message
        {
            Type = MessageType.Append,
            From = from.Id,
            To = to.Id,
            Term = 4,
            LogTerm = 4,
            Index = (ulong)at,
            Entries = new[] { new Entry(new EntryId(4, (ulong)at + 1), EntryType.Normal, data) },
            Commit = (ulong)at,
        };
    }

    private static async Task AssertExchangeAsync(PeerNode from, PeerNode to)
    {
        const int Count = 200;
        var random = new Random(5);
        var messages = new RandomMessages(random);
        Message[] others = [.. Others(messages, from, to).Take(Count)];
        Message[] appends = [.. Enumerable.Range(0, Count).Select(at => Append(from, to, at, random, 50))];

        foreach ((Message append, Message other) in appends.Zip(others))
        {
            from.Transport.Send(append);
            from.Transport.Send(other);
        }

        // Each stream keeps its order; between the two there is none.
        var got = new List<Message>();
        while (got.Count < 2 * Count)
            got.Add(await to.NextAsync());
        AssertSame(appends, got.Where(message => message.Type == MessageType.Append));
        AssertSame(others, got.Where(message => message.Type != MessageType.Append));
    }

    private static void AssertSame(IEnumerable<Message> sent, IEnumerable<Message> got)
    {
        foreach ((Message one, Message other) in sent.Zip(got, (one, other) => (one, other)))
            RaftMessageCodecTests.AssertSame(one, other);
        Assert.Equal(sent.Count(), got.Count());
    }

    private static IEnumerable<Message> Others(RandomMessages messages, PeerNode from, PeerNode to)
    {
        while (true)
        {
            Message message = messages.Next();
            if (message.Type is MessageType.Append or MessageType.Snapshot)
                continue;
            yield return new Message
            {
                Type = message.Type,
                From = from.Id,
                To = to.Id,
                Term = message.Term,
                LogTerm = message.LogTerm,
                Index = message.Index,
                Commit = message.Commit,
                Entries = message.Entries,
                Reject = message.Reject,
                RejectHint = message.RejectHint,
                Context = message.Context,
            };
        }
    }
}
