using Kv.Raft;

namespace Kv.Server.Peers.Outbound;

/// <summary>One that speaks to this member but is none that it knows. Mostly it is this one that is behind: it has just
/// joined and has not come to the entry that names the other, which it must answer to get there. So it can be
/// answered, by posts; streams are for members.</summary>
internal sealed class Remote : IAsyncDisposable
{
    private readonly PeerScope _scope;
    private readonly MessagePosts _posts;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public Remote(PeerScope scope)
    {
        _scope = scope;
        _posts = new MessagePosts(scope);
        _running = Task.Run(() => _posts.RunAsync(_stop.Token));
    }

    public void Send(Message message)
    {
        if (!_posts.TrySend(message))
            _scope.OnLost();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
