using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;

namespace Kv.Node.Tests.Observers;

public sealed class ApplyObserverTests
{
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    [Fact]
    public void Each_entry_is_timed_by_what_it_asks_and_what_came_of_it()
    {
        using var store = new ObservedStore(Never);
        store.Apply(Put("k", "v"));
        store.Apply(Put("k", "v"));
        store.Apply(new InternalRaftRequest { Put = new PutRequest { Key = Bytes("k"), Lease = 77 } });
        store.Apply(new InternalRaftRequest { Txn = new TxnRequest() });
        store.Apply(new InternalRaftRequest { DeleteRange = new DeleteRangeRequest { Key = Bytes("k") } });
        store.Apply(new InternalRaftRequest { AuthRoleAdd = new AuthRoleAddRequest { Name = "r" } });
        Assert.Equal(KvError.Compacted, Compact(store, revision: -5));

        string page = store.Page;
        foreach ((string operation, string success, int count) in new[]
        {
            ("Put", "true", 2), ("Put", "false", 1), ("Txn", "true", 1), ("DeleteRange", "true", 1),
            ("AuthRoleAdd", "true", 1), ("Compaction", "true", 1), // as in etcd, somebody having compacted further
        })
        {
            Assert.Contains(
                "\netcd_server_apply_duration_seconds_count{" +
                $"op=\"{operation}\",success=\"{success}\",version=\"v3\"}} {count}\n",
                page);
        }

        Assert.DoesNotContain("op=\"Txn\",success=\"false\"", page);
        Assert.Empty(store.Log.Lines);
    }

    [Fact]
    public void Leases_are_counted_with_the_times_they_were_granted()
    {
        using var store = new ObservedStore(Never);
        store.Apply(Grant(7, ttl: 60));
        store.Apply(Grant(8, ttl: 1));
        Assert.Equal(KvError.LeaseExists, store.Apply(Grant(7, ttl: 60)));
        store.Apply(new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = 7 } });
        Assert.Equal(KvError.LeaseNotFound, store.Apply(
            new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = 7 } }));

        string page = store.Page;
        Assert.Contains("\netcd_debugging_lease_granted_total 2\n", page);
        Assert.Contains("\netcd_debugging_lease_ttl_total_sum 62\n", page); // the shortest is 2
        Assert.Contains("\netcd_debugging_lease_revoked_total 1\n", page);
    }

    [Fact]
    public void An_alarm_is_told_when_it_is_raised_and_when_it_ends()
    {
        using var store = new ObservedStore(Never);
        store.Apply(Alarm(AlarmRequest.Types.AlarmAction.Activate));
        store.Apply(Alarm(AlarmRequest.Types.AlarmAction.Activate));
        Assert.Equal(["Warning: alarm raised alarm=NOSPACE from=a1"], store.Log.Lines);
        Assert.Contains(
            "\netcd_debugging_server_alarms{alarm_type=\"NOSPACE\",server_id=\"a1\"} 1\n", store.Page);

        store.Apply(Alarm(AlarmRequest.Types.AlarmAction.Deactivate));
        Assert.Equal("Information: alarm disarmed alarm=NOSPACE from=a1", store.Log.Lines[^1]);
        Assert.Contains(
            "\netcd_debugging_server_alarms{alarm_type=\"NOSPACE\",server_id=\"a1\"} 0\n", store.Page);
    }

    [Fact]
    public void An_alarm_that_was_raised_before_the_start_is_shown_but_no_news()
    {
        using var store = new ObservedStore(Never, AlarmType.Corrupt);

        Assert.Contains(
            "\netcd_debugging_server_alarms{alarm_type=\"CORRUPT\",server_id=\"a1\"} 1\n", store.Page);
        Assert.Empty(store.Log.Lines);
    }

    [Fact]
    public void The_version_of_the_cluster_is_followed()
    {
        using var store = new ObservedStore(Never);
        store.Apply(Version("3.5.0"));
        store.Apply(Version("3.5.0"));
        store.Apply(Version("3.6.0"));

        Assert.Equal(
            [
                "Information: set initial cluster version clusterVersion=3.5",
                "Information: cluster version is updated clusterVersion=3.6",
            ],
            store.Log.Lines);
        Assert.Contains("\netcd_cluster_version{cluster_version=\"3.6\"} 1\n", store.Page);
        Assert.DoesNotContain("cluster_version=\"3.5\"", store.Page);
    }

    [Fact]
    public void A_slow_entry_is_told_without_its_keys_and_values()
    {
        using var store = new ObservedStore(slow: TimeSpan.FromTicks(-1));
        store.Apply(Put("secret-key", "secret-value"));
        store.Apply(new InternalRaftRequest { Put = new PutRequest { Key = Bytes("k"), Lease = 77 } });

        Assert.Equal(2, store.Log.Lines.Count);
        Assert.Matches(
            "^Warning: apply request took too long took=.* expected-duration=.* prefix= " +
            "request=header:<ID:5 > put:<size:26 > response=size:\\d+$",
            store.Log.Lines[0]);
        Assert.EndsWith("error=etcdserver: requested lease not found", store.Log.Lines[1], default);
        Assert.Contains("\netcd_server_slow_apply_total 2\n", store.Page);
    }

    private static KvError Compact(ObservedStore store, long revision) =>
        store.Apply(new InternalRaftRequest { Compaction = new CompactionRequest { Revision = revision } });

    private static InternalRaftRequest Put(string key, string value) =>
        new() { Put = new PutRequest { Key = Bytes(key), Value = Bytes(value) } };

    private static InternalRaftRequest Grant(long id, long ttl) =>
        new() { LeaseGrant = new LeaseGrantRequest { ID = id, TTL = ttl } };

    private static InternalRaftRequest Version(string version) =>
        new() { ClusterVersionSet = new Membershippb.ClusterVersionSetRequest { Ver = version } };

    private static InternalRaftRequest Alarm(AlarmRequest.Types.AlarmAction action) => new()
    {
        Alarm = new AlarmRequest { Action = action, Alarm = AlarmType.Nospace, MemberID = ObservedStore.MemberId },
    };

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);
}
