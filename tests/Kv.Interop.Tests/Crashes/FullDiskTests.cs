using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Crashes;

/// <summary>The file system fills up under a node.</summary>
public sealed class FullDiskTests
{
    // A log segment takes 64 MB at once, and another is made ready.
    private const int SmallMegabytes = 180;
    private const int LargeMegabytes = 600;
    private const int ValueBytes = 200_000;
    private const int WritesMax = 2000;

    [Fact]
    public Task Ours_loses_nothing_when_the_disk_is_full() => FillAsync(NodeProgram.Ours);

    /// <summary>Shows that the disk does fill up.</summary>
    [Fact]
    public Task Etcd_loses_nothing_when_the_disk_is_full() => FillAsync(NodeProgram.Etcd35);

    [Fact]
    public async Task Ours_refuses_writes_at_the_quota_and_goes_on_when_there_is_room()
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(
            NodeProgram.Ours,
            new NodeSettings(folder["m1.etcd"]) { Extra = ["--quota-backend-bytes", "4194304"] });
        using var client = new ApiClient(node.Url);

        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => WriteAsync(client, []));
        Assert.Equal("etcdserver: mvcc: database space exceeded", refused.Detail);
        Assert.Equal(["NOSPACE"], await AlarmsAsync(client));

        var all = new DeleteRangeRequest { Key = ByteString.CopyFrom(0), RangeEnd = ByteString.CopyFrom(0) };
        DeleteRangeResponse deleted = await client.CallAsync<DeleteRangeResponse>("KV/DeleteRange", all);
        var compact = new CompactionRequest { Revision = deleted.Header.Revision, Physical = true };
        await client.CallAsync<CompactionResponse>("KV/Compact", compact);
        await client.CallAsync<DefragmentResponse>("Maintenance/Defragment", new DefragmentRequest());
        AlarmResponse raised = await client.CallAsync<AlarmResponse>("Maintenance/Alarm", new AlarmRequest());
        var disarm = new AlarmRequest
        {
            Action = AlarmRequest.Types.AlarmAction.Deactivate,
            Alarm = AlarmType.Nospace,
            MemberID = raised.Alarms[0].MemberID,
        };
        await client.CallAsync<AlarmResponse>("Maintenance/Alarm", disarm);
        await PutAsync(client, 0);
    }

    private static async Task FillAsync(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using SmallDisk? disk = await SmallDisk.CreateAsync(folder["disk"], SmallMegabytes);
        Assert.SkipWhen(disk is null, "Only root can mount.");
        var settings = new NodeSettings(folder["disk/m1.etcd"]);
        List<long> acknowledged = [];

        await using (NodeProcess node = await NodeProcess.StartAsync(program, settings))
        {
            using var client = new ApiClient(node.Url);
            await Assert.ThrowsAnyAsync<Exception>(() => WriteAsync(client, acknowledged));
            if (node.HasExited)
                Assert.Contains("space", node.Output, StringComparison.OrdinalIgnoreCase);
            else
                await node.KillAsync();
        }

        Assert.NotEmpty(acknowledged);
        await disk.GrowAsync(LargeMegabytes);
        await using NodeProcess again = await NodeProcess.StartAsync(program, settings);
        using var reader = new ApiClient(again.Url);
        Assert.Empty(acknowledged.Except(await RevisionsAsync(reader)));
        await PutAsync(reader, 0);
    }

    private static async Task WriteAsync(ApiClient client, List<long> acknowledged)
    {
        for (int index = 0; index < WritesMax; index++)
            acknowledged.Add(await PutAsync(client, index));
    }

    private static async Task<long> PutAsync(ApiClient client, int index)
    {
        var request = new PutRequest
        {
            Key = ByteString.CopyFromUtf8($"k{index}"),
            Value = ByteString.CopyFrom(new byte[ValueBytes]),
        };
        return (await client.CallAsync<PutResponse>("KV/Put", request)).Header.Revision;
    }

    private static async Task<IEnumerable<long>> RevisionsAsync(ApiClient client)
    {
        var zero = ByteString.CopyFrom(0);
        var request = new RangeRequest { Key = zero, RangeEnd = zero, KeysOnly = true };
        RangeResponse found = await client.CallAsync<RangeResponse>("KV/Range", request);
        return found.Kvs.Select(kv => kv.ModRevision);
    }

    private static async Task<IEnumerable<string>> AlarmsAsync(ApiClient client)
    {
        AlarmResponse alarms = await client.CallAsync<AlarmResponse>("Maintenance/Alarm", new AlarmRequest());
        return alarms.Alarms.Select(alarm => alarm.Alarm.ToString().ToUpperInvariant());
    }
}
