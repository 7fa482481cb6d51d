using Kv.Node.Tests.Logging;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Upkeep;

namespace Kv.Node.Tests.Observers;

public sealed class LeaderNewsTests
{
    [Fact]
    public void Who_leads_is_told_once_and_that_nobody_does()
    {
        var view = new ReplicaView();
        var log = new HeardLog();
        var news = new LeaderNews(view, memberId: 0xA1, TimeProvider.System, log);
        news.Look();
        Lead(0xB2);
        Lead(0xB2);
        Lead(0);

        Assert.Equal(
            [
                "Information: elected leader localMemberId=a1 leader=b2 term=7",
                "Warning: lost leader localMemberId=a1 term=7",
            ],
            log.Lines);

        void Lead(ulong leader)
        {
            view.OnSoftState(new SoftState(new NodeId(leader), RaftRole.Follower), term: 7, leaderChanged: true);
            news.Look();
        }
    }
}
