using System.Buffers.Binary;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Peers;

/// <summary>A whole store on its way from one member to another.</summary>
public sealed class SnapshotTransferTests
{
    [Fact]
    public async Task A_snapshot_arrives_before_its_message()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        one.Transport.AddPeer(two.Id, [two.Url]);
        Message sent = Snapshot(one, two, index: 66);

        one.Transport.SendSnapshot(one.Source.Open(sent));
        Message got = await two.NextAsync();

        var sink = (CountingSink)two.Sink;
        Assert.Equal((one.Source.Bytes, 66UL), (sink.KeptBytes, sink.Index));
        RaftMessageCodecTests.AssertSame(sent, got);
        Assert.True(await one.NextSnapshotReportAsync());
        await PeerNode.UntilAsync(() => one.Source.OpenCount == 0, "closed");
    }

    [Fact]
    public async Task A_store_that_cannot_be_saved_counts_as_failed()
    {
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using var two = new PeerNode(2) { Sink = new CountingSink { Fault = new IOException("no space left") } };
        await two.ListenAsync();
        one.Transport.AddPeer(two.Id, [two.Url]);

        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, two, index: 9)));

        Assert.False(await one.NextSnapshotReportAsync());
        Assert.False(two.Received.TryRead(out _));
        Assert.Equal(1, ((CountingSink)two.Sink).Discarded);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_given_up_and_the_pages_are_let_go()
    {
        await using PeerNode one = await PeerNode.StartAsync(
            1, options => options with { SnapshotStallTimeout = TimeSpan.FromMilliseconds(200) });
        await using var peer = new RawPeer((_, _, stop) => RawPeer.FreezeAsync(stop));
        one.Source.Bytes = 100_000_000;
        one.Transport.AddPeer(new NodeId(2), [peer.Url]);

        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, 2, index: 9)));

        Assert.False(await one.NextSnapshotReportAsync());
        await PeerNode.UntilAsync(() => one.Source.OpenCount == 0, "closed");
    }

    [Fact]
    public async Task Only_so_many_are_sent_at_once()
    {
        await using PeerNode one = await PeerNode.StartAsync(1, options => options with { SnapshotsMax = 2 });
        await using PeerNode two = await PeerNode.StartAsync(2);
        one.Transport.AddPeer(two.Id, [two.Url]);
        using var gate = new ManualResetEventSlim();
        one.Source.OnRead = () => gate.Wait(PeerNode.Patience);
        one.Source.Bytes = 1000;

        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, two, index: 1)));
        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, two, index: 2)));
        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, two, index: 3)));
        Assert.False(await one.NextSnapshotReportAsync());
        gate.Set();

        Assert.True(await one.NextSnapshotReportAsync());
        Assert.True(await one.NextSnapshotReportAsync());
    }

    [Fact]
    public async Task Only_so_many_are_received_at_once()
    {
        await using PeerNode node = await PeerNode.StartAsync(
            2, options => options with { IncomingSnapshotsMax = 1, ReadTimeout = TimeSpan.FromSeconds(60) });
        using PeerDialer first = await PostAsync(node, Head(1, 2, index: 5), rest: 1000);
        await PeerNode.UntilAsync(() => ((CountingSink)node.Sink).Index == 5, "begun");

        using PeerDialer second = await PostAsync(node, Head(1, 2, index: 6), rest: 0);

        Assert.StartsWith("HTTP/1.1 500 ", await second.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "failed to decode raft message (EOF)")]
    [InlineData(5, "failed to decode raft message (unexpected EOF)")]
    [InlineData(8, "failed to decode raft message (EOF)")]
    [InlineData(20, "failed to decode raft message (unexpected EOF)")]
    public async Task A_body_that_ends_in_the_message_is_refused(int length, string text)
    {
        await using PeerNode node = await PeerNode.StartAsync(2);
        using PeerDialer dialer = await PostAsync(node, Head(1, 2, index: 5)[..length], rest: 0);

        string head = await dialer.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
        byte[] body = new byte[text.Length];
        await dialer.Stream.ReadExactlyAsync(body);
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(body));
    }

    [Theory]
    [InlineData("7FFFFFFFFFFFFFFF", 400, "failed to decode raft message (rafthttp: error limit exceeded)")]
    [InlineData("FFFFFFFFFFFFFFFF", 400, "failed to decode raft message (rafthttp: error limit exceeded)")]
    [InlineData("0000000020000001", 400, "failed to decode raft message (rafthttp: error limit exceeded)")]
    [InlineData("0000000000000002FFFF", 400, "failed to decode raft message (proto")]
    [InlineData("00000000000000020807", 400, "failed to decode raft message (no snapshot")]
    [InlineData("00000000000000020808", 400, "wrong raft message type")]
    public async Task What_is_no_snapshot_is_refused(string hex, int status, string text)
    {
        await using PeerNode node = await PeerNode.StartAsync(2);
        using PeerDialer dialer = await PostAsync(node, Convert.FromHexString(hex), rest: 0);

        string head = await dialer.ReadHeadAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        byte[] body = new byte[text.Length];
        await dialer.Stream.ReadExactlyAsync(body);
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(body));
    }

    [Theory]
    [InlineData(1, 9, "to mismatch")]
    [InlineData(4, 2, "from removed")]
    public async Task One_that_is_for_another_or_from_nobody_never_reaches_the_disk(ulong from, ulong to, string whose)
    {
        await using PeerNode node = await PeerNode.StartAsync(2);
        node.Removed[new NodeId(4)] = true;
        using PeerDialer dialer = await PostAsync(node, Head(from, to, index: 5), rest: 0);

        string answer = await dialer.ReadHeadAsync();
        byte[] body = new byte[80];
        int length = await dialer.Stream.ReadAsync(body);

        Assert.StartsWith("HTTP/1.1 500 ", answer, StringComparison.Ordinal);
        Assert.Contains(whose, System.Text.Encoding.ASCII.GetString(body, 0, length), StringComparison.Ordinal);
        Assert.Equal(0UL, ((CountingSink)node.Sink).Index);
    }

    [Fact]
    public async Task A_sender_that_falls_silent_or_goes_away_leaves_nothing_behind()
    {
        await using PeerNode node = await PeerNode.StartAsync(
            2, options => options with { ReadTimeout = TimeSpan.FromMilliseconds(300) });
        var sink = (CountingSink)node.Sink;

        using (PeerDialer gone = await PostAsync(node, Head(1, 2, index: 5), rest: 1000))
            await PeerNode.UntilAsync(() => sink.Index == 5, "begun");
        await PeerNode.UntilAsync(() => sink.Discarded == 1, "discarded");

        using PeerDialer silent = await PostAsync(node, Head(1, 2, index: 6), rest: 1000);
        Assert.Equal("", await silent.ReadToEndAsync());
        await PeerNode.UntilAsync(() => sink.Discarded == 2, "discarded");
        Assert.False(node.Received.TryRead(out _));
    }

    [Fact]
    public async Task A_received_page_file_has_its_name_only_when_it_is_whole()
    {
        using var directory = new TempDirectory();
        var files = new MemberFiles(directory.Path);
        var disk = new RealDisk();
        disk.CreateDirectory(files.Snapshots);
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using var two = new PeerNode(2) { Sink = new ReceivedPageFiles(disk, files) };
        await two.ListenAsync();
        one.Transport.AddPeer(two.Id, [two.Url]);
        bool seenEarly = false;
        one.Source.OnRead = () => seenEarly |= File.Exists(files.ReceivedPageFile(66));

        one.Transport.SendSnapshot(one.Source.Open(Snapshot(one, two, index: 66)));
        await two.NextAsync();

        Assert.False(seenEarly);
        Assert.Equal("0000000000000042.snap.db", Assert.Single(disk.List(files.Snapshots)));
        byte[] content = await File.ReadAllBytesAsync(files.ReceivedPageFile(66));
        Assert.Equal(one.Source.Bytes, content.Length);
        Assert.True(TestSnapshots.IsRight(0, content));
    }

    /// <summary>The file is there for good before Raft hears of it: a crash right after finds it.</summary>
    [Fact]
    public async Task A_kept_page_file_survives_a_crash_and_a_discarded_one_is_gone()
    {
        using var disk = new SimulatedDisk(new Random(3));
        var files = new MemberFiles("/data");
        disk.CreateDirectory(files.Snapshots);
        disk.SyncDirectory("/");
        disk.SyncDirectory("/data");
        disk.SyncDirectory("/data/member");
        var sink = new ReceivedPageFiles(disk, files);
        byte[] content = [1, 2, 3, 4, 5];

        using (IIncomingSnapshot kept = sink.Begin(7))
        {
            kept.Write(content.AsSpan(0, 2));
            kept.Write(content.AsSpan(2));
            await kept.KeepAsync();
        }

        using (IIncomingSnapshot dropped = sink.Begin(8))
            dropped.Write(content);

        Assert.Equal([Path.GetFileName(files.ReceivedPageFile(7))], disk.List(files.Snapshots));
        disk.Crash();
        byte[] read = new byte[10];
        using IFile file = disk.Open(files.ReceivedPageFile(7), FileAccessMode.Read);
        Assert.Equal(content.Length, file.Read(0, read));
        Assert.Equal(content, read[..content.Length]);
    }

    internal static Message Snapshot(PeerNode from, PeerNode to, ulong index) => Snapshot(from, to.Id.Value, index);

    private static Message Snapshot(PeerNode from, ulong to, ulong index) => new()
    {
        Type = MessageType.Snapshot,
        From = from.Id,
        To = new NodeId(to),
        Term = 3,
        Snapshot = new Snapshot(
            new EntryId(2, index), ConfState.OfVoters(from.Id, new NodeId(to)), "{\"Root\":{}}"u8.ToArray()),
    };

    private static byte[] Head(ulong from, ulong to, ulong index)
    {
        byte[] message = WireBytes.Encode(
            new Message
            {
                Type = MessageType.Snapshot,
                From = new NodeId(from),
                To = new NodeId(to),
                Term = 3,
                Snapshot = new Snapshot(new EntryId(2, index), ConfState.OfVoters(new NodeId(1), new NodeId(2))),
            },
            MessageStyle.Etcd36);
        byte[] head = new byte[sizeof(ulong) + message.Length];
        BinaryPrimitives.WriteInt64BigEndian(head, message.Length);
        message.CopyTo(head, sizeof(ulong));
        return head;
    }

    /// <summary>Posts a body of which so many bytes are still to come.</summary>
    private static async Task<PeerDialer> PostAsync(PeerNode node, byte[] body, int rest)
    {
        PeerDialer dialer = await PeerDialer.ConnectAsync(node);
        await dialer.SendAsync(
            $"POST /raft/snapshot HTTP/1.1\r\nHost: x\r\nX-Server-Version: 3.7.1\r\nX-Min-Cluster-Version: 3.0.0\r\n"
            + $"X-Etcd-Cluster-Id: {node.ClusterId:x}\r\nContent-Length: {body.Length + rest}\r\n\r\n");
        await dialer.Stream.WriteAsync(body);
        return dialer;
    }
}
