using Kv.Raft;
using Kv.Replication;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>What several members do together, while all goes well and when one is missing.</summary>
public sealed class ClusterTests
{
    [Fact]
    public void What_the_leader_acknowledged_is_on_all_members()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        for (int put = 0; put < 100; put++)
            Assert.Equal(put + 2, cluster.Put(leader, $"key{put % 7}", $"value{put}"));

        cluster.AssertEqual();
        Assert.All(cluster.Members, member => Assert.Equal("value99", member.Get("key1")));
        Assert.Equal(0, cluster.Network.SnapshotsSent);
    }

    /// <summary>The entry comes back without the tag that led to who waits for it.</summary>
    [Fact]
    public void A_write_through_a_follower_is_answered_there()
    {
        using var cluster = new SteppedCluster();
        cluster.Elect();
        long revision = 1;
        foreach (SteppedMember follower in cluster.Followers)
        {
            for (int put = 0; put < 10; put++)
                Assert.Equal(++revision, cluster.Put(follower, $"{follower.Id}.{put}", "x"));
        }

        cluster.AssertEqual();
    }

    [Fact]
    public void Writes_through_all_members_at_once_are_each_answered_once()
    {
        using var cluster = new SteppedCluster();
        cluster.Elect();
        var puts = new List<PendingPut>();
        for (int put = 0; put < 60; put++)
            puts.Add(cluster[(ulong)(put % 3) + 1].BeginPut($"key{put}", "x"));
        cluster.Settle();

        IEnumerable<long> revisions = puts.Select(put => put.Revision()).Order();
        Assert.Equal(Enumerable.Range(2, 60).Select(revision => (long)revision), revisions);
        cluster.AssertEqual();
    }

    [Fact]
    public void Ticks_that_are_skipped_bring_the_first_election_forward_and_disturb_no_later_one()
    {
        Assert.InRange(TicksToElection(skipped: 8), 1, TicksToElection(skipped: 0) - 6);

        using var cluster = new SteppedCluster();
        ulong term = cluster.Elect().View.Term;
        foreach (SteppedMember member in cluster.Members)
            member.Inbox.Post(ReplicaEvent.SkipTicks(100));
        cluster.Settle();
        Assert.All(cluster.Members, member => Assert.Equal(term, member.View.Term));
    }

    [Fact]
    public void Nobody_sees_two_leaders_in_a_term_while_it_changes()
    {
        const int Changes = 6;
        using var cluster = new SteppedCluster();
        cluster.Elect();
        for (int change = 0; change < Changes; change++)
        {
            // The third is not asked for its vote: of the next term and its leader it learns at once.
            SteppedMember[] followers = [.. cluster.Followers];
            (SteppedMember heir, SteppedMember third) = (followers[0], followers[1]);
            cluster.Network.Cut(heir.Id, third.Id);
            cluster.Leader.Inbox.Post(ReplicaEvent.Transfer(heir.Id));
            cluster.Until(() => heir.View.IsLeader, $"{heir.Id} leads");
            cluster.Network.Heal();
            cluster.Until(() => third.View.Leader == heir.Id, $"{third.Id} follows");
        }

        cluster.Put(cluster.Leader, "a", "1");
        IGrouping<ulong, TermView>[] terms =
        [
            .. cluster.Members.SelectMany(member => member.SeenWhileWriting)
                .Where(seen => seen.Leader != NodeId.None).GroupBy(seen => seen.Term),
        ];
        Assert.InRange(terms.Length, Changes, int.MaxValue);
        Assert.All(terms, term => Assert.Single(term.Select(seen => seen.Leader).Distinct()));
    }

    [Fact]
    public void A_read_index_is_confirmed_on_all_members()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        foreach (SteppedMember member in cluster.Members)
        {
            cluster.Put(leader, "key", $"{member.Id}");
            ReadBatch read = member.BeginRead();
            cluster.Settle();
            Assert.Equal(ReadOutcome.Confirmed, Outcome(read));
            Assert.Equal($"{member.Id}", member.Get("key"));
        }
    }

    /// <summary>What is confirmed is only read once it is applied here, whoever is slow.</summary>
    [Fact]
    public void A_read_waits_for_what_was_committed_when_it_was_asked_for()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        SteppedMember follower = cluster.Followers.First();
        cluster.Network.Held.Add(MessageType.Append);
        PendingPut put = leader.BeginPut("key", "new");
        cluster.Settle();
        Assert.True(put.IsWaiting);

        // The other follower alone makes a majority.
        cluster.Network.Cut(leader.Id, follower.Id);
        cluster.Network.Held.Clear();
        cluster.Settle();
        put.Revision();
        cluster.Network.Heal();

        cluster.Network.Held.Add(MessageType.Append);
        ReadBatch read = follower.BeginRead();
        cluster.Tick(3);
        Assert.False(read.Done.IsCompleted);
        Assert.Null(follower.Get("key"));

        cluster.Network.Held.Clear();
        cluster.Until(() => read.Done.IsCompleted, "the read is confirmed");
        Assert.Equal(ReadOutcome.Confirmed, Outcome(read));
        Assert.Equal("new", follower.Get("key"));
    }

    /// <summary>An etcd of 3.6 or older that leads knows a round by its number alone, whoever asks.</summary>
    [Fact]
    public void Who_asks_while_a_round_of_reading_is_under_way_waits_for_messages_only()
    {
        using var cluster = new SteppedCluster();
        cluster.Elect();
        foreach (SteppedMember member in cluster.Members)
        {
            ReadBatch[] reads = [member.BeginRead(), member.BeginRead(), member.BeginRead()];
            cluster.Settle(); // and no tick
            Assert.All(reads, read => Assert.Equal(ReadOutcome.Confirmed, Outcome(read)));
        }
    }

    [Fact]
    public void No_two_members_give_a_round_of_reading_the_same_number()
    {
        using var cluster = new SteppedCluster();
        cluster.Elect();
        ReadBatch[] reads = [.. cluster.Members.Select(member => member.BeginRead())];
        foreach (SteppedMember member in cluster.Members)
            member.Step();
        Assert.Distinct(reads.Select(read => read.Context));
        cluster.Settle();
    }

    [Fact]
    public void A_member_that_was_killed_catches_up_by_the_log()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        ulong killed = cluster.Followers.First().Id.Value;
        cluster.Put(leader, "a", "1");
        cluster.Kill(killed);
        for (int put = 0; put < 3; put++)
            cluster.Put(leader, "a", $"{put}");

        cluster.Start(killed);
        cluster.AssertEqual();
        Assert.Equal("2", cluster[killed].Get("a"));
        Assert.Equal(0, cluster.Network.SnapshotsSent);
    }

    [Fact]
    public void Another_leads_when_the_leader_is_gone_and_nothing_is_lost()
    {
        using var cluster = new SteppedCluster();
        SteppedMember first = cluster.Elect();
        long revision = cluster.Put(first, "a", "1");
        ulong killed = first.Id.Value;
        cluster.Kill(killed);
        SteppedMember second = cluster.Elect();
        Assert.Equal(revision + 1, cluster.Put(second, "a", "2"));

        cluster.Start(killed);
        cluster.Elect();
        cluster.AssertEqual();
        Assert.Equal("2", cluster[killed].Get("a"));
    }

    /// <summary>As in etcd, a request waits for a leader for as long as it waits for its outcome.</summary>
    [Fact]
    public void A_write_without_a_leader_is_done_by_the_next_one()
    {
        using var cluster = new SteppedCluster();
        cluster.Kill(cluster.Elect().Id.Value);
        cluster.Network.Held.Add(MessageType.PreVote);
        cluster.Until(() => cluster.Members.All(member => member.View.Leader == NodeId.None), "nobody leads");
        PendingPut[] puts = [.. cluster.Members.Select(member => member.BeginPut($"{member.Id}", "x"))];
        cluster.Tick(20);
        cluster.Network.Held.Clear();
        cluster.Elect();
        cluster.Settle();
        Assert.Equal([2L, 3L], puts.Select(put => put.Revision()).Order());
        cluster.AssertEqual();
    }

    [Fact]
    public void Reads_under_way_are_told_that_another_leads()
    {
        using var cluster = new SteppedCluster();
        SteppedMember first = cluster.Elect();
        SteppedMember follower = cluster.Followers.First();
        cluster.Network.Held.Add(MessageType.ReadIndex);
        ReadBatch read = follower.BeginRead();
        cluster.Settle();
        cluster.Kill(first.Id.Value);
        cluster.Network.Held.Clear();
        cluster.Elect();
        Assert.Equal(ReadOutcome.LeaderChanged, Outcome(read));

        ReadBatch again = follower.BeginRead();
        cluster.Settle();
        Assert.Equal(ReadOutcome.Confirmed, Outcome(again));
    }

    [Fact]
    public void A_write_that_runs_out_of_time_is_told_why()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        SteppedMember follower = cluster.Followers.First();

        // The message is lost, and nothing else is wrong that anybody could know of.
        cluster.Network.Held.Add(MessageType.Propose);
        PendingPut lost = follower.BeginPut("a", "x");
        cluster.Tick(71);
        Assert.Equal(KvError.Timeout, lost.Outcome());
        cluster.Network.Held.Clear();
        cluster.Settle();

        cluster.Network.Cut(leader.Id, follower.Id);
        PendingPut cut = follower.BeginPut("b", "x");
        cluster.Settle();
        foreach (SteppedMember other in cluster.Members.Where(member => member != follower))
            cluster.Network.Cut(other.Id, follower.Id);
        cluster.Until(() => !cut.IsWaiting, "the write without a leader ends");
        Assert.Equal(KvError.Timeout, cut.Outcome());
    }

    [Fact]
    public void A_write_that_the_leader_changed_under_is_told_so()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        SteppedMember follower = cluster.Followers.First();
        cluster.Network.Held.Add(MessageType.Propose);
        PendingPut put = follower.BeginPut("a", "x");
        cluster.Settle();
        cluster.Kill(leader.Id.Value); // and with it the message
        cluster.Network.Held.Clear();
        cluster.Settle();
        cluster.Elect();
        Assert.True(put.IsWaiting);

        // It need not wait for all of its time: what comes now comes from the next leader.
        cluster.Tick(11);
        Assert.False(put.IsWaiting);
        Assert.Equal(KvError.TimeoutDueToLeaderFailure, put.Outcome());
    }

    /// <summary>What the former leader had sent to others before it was gone is done by the next one, and answered
    /// so.</summary>
    [Fact]
    public void A_write_that_the_former_leader_passed_on_is_done()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        cluster.Network.Held.Add(MessageType.AppendResponse);
        PendingPut[] puts = [.. cluster.Followers.Select(follower => follower.BeginPut($"{follower.Id}", "x"))];
        cluster.Settle();
        cluster.Kill(leader.Id.Value);
        Assert.All(puts, put => Assert.True(put.IsWaiting));
        cluster.Network.Held.Clear();
        cluster.Elect();
        cluster.Settle();
        Assert.Equal([2L, 3L], puts.Select(put => put.Revision()).Order());
    }

    /// <summary>Not before the next leader has committed: until then what was given to the former one may still
    /// come.</summary>
    [Fact]
    public void A_write_that_may_still_come_waits_for_all_of_its_time()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        SteppedMember follower = cluster.Followers.First();
        cluster.Network.Held.Add(MessageType.Propose);
        PendingPut put = follower.BeginPut("a", "x");
        cluster.Settle();
        cluster.Kill(leader.Id.Value);
        cluster.Network.Held.Add(MessageType.AppendResponse); // nothing is committed
        cluster.Until(() => cluster.Members.Any(member => member.View.IsLeader), "there is a leader");
        cluster.Tick(15);
        Assert.True(put.IsWaiting);
    }

    [Fact]
    public void A_write_for_which_there_was_no_connection_is_told_so()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        cluster.Network.Held.Add(MessageType.Propose);
        cluster.Network.LooksDown.Add(leader.Id);
        PendingPut put = cluster.Followers.First().BeginPut("a", "x");
        cluster.Tick(71);
        Assert.Equal(KvError.TimeoutDueToConnectionLost, put.Outcome());
    }

    [Fact]
    public void A_write_on_a_leader_that_is_cut_off_is_not_acknowledged()
    {
        using var cluster = new SteppedCluster();
        SteppedMember leader = cluster.Elect();
        foreach (SteppedMember follower in cluster.Followers)
            cluster.Network.Cut(leader.Id, follower.Id);

        // It steps down within an election timeout, after which the write has nobody to be proposed to.
        PendingPut put = leader.BeginPut("a", "x");
        cluster.Until(() => !put.IsWaiting, "the write ends");
        Assert.NotEqual(KvError.None, put.Outcome());
        cluster.Network.Heal();
        cluster.Elect();
        cluster.AssertEqual();
    }

    private static ReadOutcome Outcome(ReadBatch read)
    {
        Assert.True(read.Done.IsCompleted, "The round of reading was not answered.");
        return read.Done.Result;
    }

    private static int TicksToElection(int skipped)
    {
        using var cluster = new SteppedCluster();
        foreach (SteppedMember member in cluster.Members)
            member.Inbox.Post(ReplicaEvent.SkipTicks(skipped));
        cluster.Settle();
        int ticks = 0;
        for (; !cluster.Members.Any(member => member.View.IsLeader); ticks++)
        {
            Assert.True(ticks < 100, "Nobody is elected.");
            cluster.Tick();
        }

        return ticks;
    }
}
