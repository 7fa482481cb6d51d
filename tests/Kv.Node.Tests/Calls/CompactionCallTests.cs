using Etcdserverpb;
using Grpc.Core;
using Kv.Node.Tests.Store;
using Kv.Server.Calls;
using Kv.Store;

namespace Kv.Node.Tests.Calls;

/// <summary>Whoever gives up history may ask to be answered when it is gone from the page file.</summary>
public sealed class CompactionCallTests
{
    private static readonly CompactionRequest Physical = new() { Revision = 3, Physical = true };

    // Of the timer by which what is under way is looked at.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Who_asks_for_it_is_answered_when_what_was_given_up_is_gone()
    {
        await using CallServer server = await WrittenAsync();
        Task<CompactionResponse> asked = server.KeyValues.CompactAsync(Physical).ResponseAsync;
        await server.ApplyNextAsync();

        await FinishAsync(server, asked);

        Assert.Equal(3, (await asked.WaitAsync(Eventually.Deadline)).Header.Revision);
    }

    /// <summary>Who shortens a file next would find little that is free in it, else.</summary>
    [Fact]
    public async Task Who_comes_second_is_refused_when_it_is_gone_and_not_before()
    {
        await using CallServer server = await WrittenAsync();
        Task<CompactionResponse> first =
            server.KeyValues.CompactAsync(new CompactionRequest { Revision = 3 }).ResponseAsync;
        await server.ApplyNextAsync();
        await first.WaitAsync(Eventually.Deadline);
        Task<CompactionResponse> second = server.KeyValues.CompactAsync(Physical).ResponseAsync;
        await server.ApplyNextAsync();

        await FinishAsync(server, second);

        RpcException refused =
            await Assert.ThrowsAsync<RpcException>(() => second.WaitAsync(Eventually.Deadline));
        Assert.Equal(Refusal.ToStatus(KvError.Compacted), refused.Status);
    }

    [Fact]
    public async Task Who_does_not_ask_for_it_waits_for_nothing()
    {
        await using CallServer server = await WrittenAsync();
        var request = new CompactionRequest { Revision = 3 };
        for (int time = 1; time <= 2; time++)
        {
            Task<CompactionResponse> asked = server.KeyValues.CompactAsync(request).ResponseAsync;
            await server.ApplyNextAsync();
            await Task.WhenAny(asked).WaitAsync(Eventually.Deadline);

            Assert.Equal(time == 1, asked.IsCompletedSuccessfully);
            Assert.False(server.World.Store.Kv.IsCompactionIdle);
        }
    }

    private static async Task<CallServer> WrittenAsync()
    {
        CallServer server = await CallServer.StartAsync();
        server.Must(new() { Put = Some.Put("a", "1") });
        server.Must(new() { Put = Some.Put("a", "2") });
        return server;
    }

    /// <summary>Lets what was given up be taken away; before that, nobody was answered who waits for it.</summary>
    private static async Task FinishAsync(CallServer server, Task waiting)
    {
        await server.Time.WaitForTimerAsync(TimeSpan.Zero, Look);
        Assert.False(waiting.IsCompleted);
        for (int turn = 0; turn < 1000 && !server.World.Store.Kv.IsCompactionIdle; turn++)
            server.World.Compaction.RunOne();
        server.Time.Advance(Look);
    }
}
