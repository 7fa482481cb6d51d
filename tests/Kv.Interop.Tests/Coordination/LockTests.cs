using Google.Protobuf;
using Grpc.Core;
using Kv.Interop.Tests.Processes;
using V3lockpb;

namespace Kv.Interop.Tests.Coordination;

/// <summary>The Lock service. Every test is run against etcd too.</summary>
public sealed class LockTests
{
    public static TheoryData<NodeProgram> Programs => [NodeProgram.Ours, NodeProgram.Etcd35];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_lock_goes_from_one_to_the_next_in_the_order_they_came(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 0x2a, 3);
        LockResponse first = await node.Locks.LockAsync(Wish("a", 1));
        Task<LockResponse> second = node.Locks.LockAsync(Wish("a", 0x2a)).ResponseAsync;
        await node.UntilKeysAsync("a", "a/1", "a/2a");
        Task<LockResponse> third = node.Locks.LockAsync(Wish("a", 3)).ResponseAsync;
        await node.UntilKeysAsync("a", "a/1", "a/2a", "a/3");
        Assert.Equal("a/1", first.Key.ToStringUtf8());
        Assert.False(second.IsCompleted);

        await node.Locks.UnlockAsync(new UnlockRequest { Key = first.Key });
        Assert.Equal("a/2a", (await LineNode.SoonAsync(second)).Key.ToStringUtf8());
        Assert.False(third.IsCompleted);

        await node.RevokeAsync(0x2a);
        Assert.Equal("a/3", (await LineNode.SoonAsync(third)).Key.ToStringUtf8());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Who_gives_up_leaves_the_line_and_the_next_takes_its_place(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2, 3);
        LockResponse first = await node.Locks.LockAsync(Wish("a", 1));
        using var patience = new CancellationTokenSource();
        Task<LockResponse> second =
            node.Locks.LockAsync(Wish("a", 2), cancellationToken: patience.Token).ResponseAsync;
        await node.UntilKeysAsync("a", "a/1", "a/2");
        Task<LockResponse> third = node.Locks.LockAsync(Wish("a", 3)).ResponseAsync;
        await node.UntilKeysAsync("a", "a/1", "a/2", "a/3");

        await patience.CancelAsync();
        await node.UntilKeysAsync("a", "a/1", "a/3");
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => second)).StatusCode);
        Assert.False(third.IsCompleted);

        await node.Locks.UnlockAsync(new UnlockRequest { Key = first.Key });
        await LineNode.SoonAsync(third);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_deadline_that_passes_ends_the_waiting_too(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2);
        await node.Locks.LockAsync(Wish("a", 1));

        RpcException late = await Assert.ThrowsAsync<RpcException>(async () => await node.Locks.LockAsync(
            Wish("a", 2), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(500)));

        // Etcd knows the deadline too, and its answer may be here before the client looked at its own clock.
        StatusCode[] expected = program.IsOurs
            ? [StatusCode.DeadlineExceeded]
            : [StatusCode.DeadlineExceeded, StatusCode.Cancelled];
        Assert.Contains(late.StatusCode, expected);
        await node.UntilKeysAsync("a", "a/1");
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Who_lost_its_lease_while_it_waited_is_told(NodeProgram program)
    {
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync(1, 2);
        LockResponse first = await node.Locks.LockAsync(Wish("a", 1));
        Task<LockResponse> second = node.Locks.LockAsync(Wish("a", 2)).ResponseAsync;
        await node.UntilKeysAsync("a", "a/1", "a/2");

        await node.RevokeAsync(2);
        await node.Locks.UnlockAsync(new UnlockRequest { Key = first.Key });

        RpcException lost = await Assert.ThrowsAsync<RpcException>(() => LineNode.SoonAsync(second));
        Assert.Equal((StatusCode.Unknown, "mutex: session is expired"), (lost.StatusCode, lost.Status.Detail));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Many_that_want_a_lock_at_once_all_get_it_one_at_a_time(NodeProgram program)
    {
        const int Waiters = 20;
        await using LineNode node = await LineNode.StartAsync(program);
        await node.GrantAsync([.. Enumerable.Range(1, Waiters).Select(lease => (long)lease)]);
        int holders = 0;

        await Task.WhenAll(Enumerable.Range(1, Waiters).Select(HoldAsync));

        Assert.Empty(await node.KeysAsync("a"));

        async Task HoldAsync(int lease)
        {
            LockResponse held = await LineNode.SoonAsync(node.Locks.LockAsync(Wish("a", lease)).ResponseAsync);
            Assert.Equal(1, Interlocked.Increment(ref holders));
            await node.KeysAsync("a");
            Interlocked.Decrement(ref holders);
            await node.Locks.UnlockAsync(new UnlockRequest { Key = held.Key });
        }
    }

    private static LockRequest Wish(string name, long lease) =>
        new() { Name = ByteString.CopyFromUtf8(name), Lease = lease };
}
