using Kv.Node.Tests.Grpc;

namespace Kv.Node.Tests.Peers;

/// <summary>Measures the memory of the whole process, so no other test may run meanwhile.</summary>
[Collection(nameof(AllocationTests))]
public sealed class SnapshotMemoryTests
{
    /// <summary>All of it is one process here, sender and receiver: what is allocated for 200 MB must be a matter of
    /// buffers.</summary>
    [Fact]
    public async Task However_large_a_store_is_little_of_it_is_in_memory()
    {
        const long Bytes = 200_000_000;
        await using PeerNode one = await PeerNode.StartAsync(1);
        await using PeerNode two = await PeerNode.StartAsync(2);
        one.Transport.AddPeer(two.Id, [two.Url]);
        one.Source.Bytes = Bytes;
        long most = 0;
        one.Source.OnRead = () => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
        long before = GC.GetTotalMemory(forceFullCollection: true);

        one.Transport.SendSnapshot(one.Source.Open(SnapshotTransferTests.Snapshot(one, two, index: 9)));
        await two.NextAsync();

        Assert.Equal(Bytes, ((CountingSink)two.Sink).KeptBytes);
        Assert.InRange(most - before, long.MinValue, 64_000_000);
    }
}
