using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Interop.Tests.Wire;

/// <summary>A compaction goes on after its answer, and the next leaves a hash only if this one is through by then;
/// whoever recorded was slower than that.</summary>
public static class RunningCompaction
{
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    // Until it is through, a hash at its revision is one since its revision.
    public static async Task AwaitEndAsync(RawGrpc grpc, long revision)
    {
        byte[] question = new HashKVRequest { Revision = revision }.ToByteArray();
        using var timer = new PeriodicTimer(LookInterval);
        using var deadline = new CancellationTokenSource(EndMax);
        while (true)
        {
            RawAnswer answer = await grpc.CallAsync("/etcdserverpb.Maintenance/HashKV", [question]);
            Assert.True(answer.Succeeded, answer.Detail);
            if (HashKVResponse.Parser.ParseFrom(answer.Messages[0]).CompactRevision < revision)
                return;
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
