using Kv.Grpc;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Store;

namespace Kv.Server.Tokens;

/// <summary>Whoever was given a token by one member may show it to another that has yet to apply the entry which
/// introduced it. Such a call is held until the entry has come, as in etcd; if that takes too long, or if the token
/// only looks so, it is refused like any other that nobody knows.</summary>
internal sealed class TokenArrival(
    AuthBook auth, IUserTokens tokens, ReplicaView view, TimeProvider time, TimeSpan patience)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    /// <summary>What a call has to wait for; null if it can begin.</summary>
    public Task? Hold(GrpcCall call)
    {
        if (!auth.IsEnabled || Gate.TokenOf(call) is not { } token)
            return null;
        ulong entry = tokens.EntryOf(token);
        return entry > view.Applied ? UntilAppliedAsync(entry, call.CancellationToken) : null;
    }

    private async Task UntilAppliedAsync(ulong entry, CancellationToken cancelled)
    {
        long start = time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, time);
        while (view.Applied < entry && time.GetElapsedTime(start) < patience)
            await timer.WaitForNextTickAsync(cancelled);
    }
}
