using Kv.Replication;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>How many requests may wait for the log.</summary>
public sealed class WriteBacklogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();

    [Fact]
    public void As_many_may_wait_as_come_through_in_time()
    {
        var backlog = new WriteBacklog(Patience, _time);
        Assert.Equal(WriteBacklog.AlwaysMax, backlog.WaitingMax);
        ComeThrough(backlog, count: 25_600, TimeSpan.FromSeconds(1));
        Assert.Equal(5 * 25_600, backlog.WaitingMax);

        Assert.Equal(5 * 25_600, Fill(backlog));
        Assert.Equal(1, backlog.Refused);
        backlog.End();
        Assert.True(backlog.TryBegin());
    }

    [Fact]
    public void Few_may_always_wait()
    {
        var backlog = new WriteBacklog(Patience, _time);
        ComeThrough(backlog, count: 256, TimeSpan.FromSeconds(100));
        Assert.Equal(WriteBacklog.AlwaysMax, Fill(backlog));
    }

    [Fact]
    public void A_slow_moment_is_not_taken_for_the_rule_but_a_slow_while_is()
    {
        var backlog = new WriteBacklog(Patience, _time);
        ComeThrough(backlog, count: 25_600, TimeSpan.FromSeconds(1));
        ComeThrough(backlog, count: 256, TimeSpan.FromSeconds(1));
        Assert.InRange(backlog.WaitingMax, 100_000, 115_000);
        for (int second = 0; second < 30; second++)
            ComeThrough(backlog, count: 256, TimeSpan.FromSeconds(1));
        Assert.Equal(WriteBacklog.AlwaysMax, backlog.WaitingMax);
    }

    [Fact]
    public void Outcomes_that_are_told_all_at_once_are_not_taken_for_speed()
    {
        var backlog = new WriteBacklog(Patience, _time);
        ComeThrough(backlog, count: 2560, TimeSpan.FromSeconds(1));
        ComeThrough(backlog, count: 256_000, TimeSpan.FromMilliseconds(1));
        Assert.Equal(WriteBacklog.AlwaysMax, backlog.WaitingMax);
    }

    [Fact]
    public async Task Only_who_is_first_in_line_is_taken_when_as_many_wait_as_may()
    {
        using var inbox = new Inbox(requestsMax: 1);
        var proposer = new Proposer(inbox, new RequestIds(1, _time.GetUtcNow()), new ReplicaView(), 100)
        {
            Backlog = new WriteBacklog(Patience, _time),
        };
        Proposal taken = proposer.Rent();
        ValueTask<KvError> outcome = proposer.Propose(taken, new byte[10]);
        Assert.Equal(KvError.Overloaded, await ProposeAsync(proposer));
        Fill(proposer.Backlog);
        Assert.Equal(KvError.Overloaded, await ProposeAsync(proposer));
        Assert.Equal(2, proposer.Backlog.Refused);

        Proposal first = proposer.Rent();
        ValueTask<KvError> urgent = proposer.ProposeFirst(first, new byte[10]);
        Assert.False(outcome.IsCompleted);
        Assert.False(urgent.IsCompleted);
        long waiting = proposer.Backlog.Waiting;
        proposer.Return(first);
        proposer.Return(taken);
        Assert.Equal(waiting - 2, proposer.Backlog.Waiting);
    }

    [Fact]
    public void Requests_do_not_keep_messages_of_peers_out_nor_those_requests()
    {
        using var inbox = new Inbox(requestsMax: 2);
        for (int count = 0; count < 2; count++)
        {
            Assert.True(inbox.TryPost(ReplicaEvent.Nothing));
            Assert.True(inbox.TryPostMessage(ReplicaEvent.Nothing));
        }

        Assert.False(inbox.TryPost(ReplicaEvent.Nothing));
        Assert.False(inbox.TryPostMessage(ReplicaEvent.Nothing));
        ReplicaEvent[] buffer = [];
        Assert.Equal(4, inbox.Take(ref buffer, TimeSpan.Zero).Length);
        Assert.True(inbox.TryPost(ReplicaEvent.Nothing));
        Assert.True(inbox.TryPostMessage(ReplicaEvent.Nothing));
    }

    private static async Task<KvError> ProposeAsync(Proposer proposer)
    {
        Proposal proposal = proposer.Rent();
        KvError error = await proposer.Propose(proposal, new byte[10]);
        proposer.Return(proposal);
        return error;
    }

    // How many it took.
    private static long Fill(WriteBacklog backlog)
    {
        while (backlog.TryBegin())
            Assert.True(backlog.Waiting <= 1_000_000);
        return backlog.Waiting;
    }

    private void ComeThrough(WriteBacklog backlog, int count, TimeSpan span)
    {
        const int Step = 256;
        for (int done = 0; done < count; done += Step)
        {
            for (int each = 0; each < Step; each++)
                backlog.Begin();
            _time.Advance(span * Step / count);
            for (int each = 0; each < Step; each++)
                backlog.End();
        }
    }
}
