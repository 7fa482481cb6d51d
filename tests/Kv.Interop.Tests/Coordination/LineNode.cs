using Etcdserverpb;
using Google.Protobuf;
using Grpc.Net.Client;
using Kv.Interop.Tests.Processes;
using Kv.Testing;
using V3electionpb;

namespace Kv.Interop.Tests.Coordination;

/// <summary>A lone node, and clients of all its services.</summary>
internal sealed class LineNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly TempDirectory _folder = new();
    private NodeProcess _process = null!;
    private GrpcChannel _channel = null!;

    public V3lockpb.Lock.LockClient Locks => new(_channel);

    public Election.ElectionClient Elections => new(_channel);

    private KV.KVClient Keys => new(_channel);

    private Lease.LeaseClient Leases => new(_channel);

    public static async Task<LineNode> StartAsync(NodeProgram program)
    {
        var node = new LineNode();
        node._process = await NodeProcess.StartAsync(program, new NodeSettings(node._folder["m1"]));
        node._channel = GrpcChannel.ForAddress(node._process.Url);
        return node;
    }

    /// <summary>Grants leases with these ids, that outlast the test.</summary>
    public async Task GrantAsync(params long[] leases)
    {
        foreach (long lease in leases)
            await Leases.LeaseGrantAsync(new LeaseGrantRequest { ID = lease, TTL = 600 });
    }

    public async Task RevokeAsync(long lease) =>
        await Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease });

    /// <summary>The keys below a name, by age.</summary>
    public async Task<string[]> KeysAsync(string name)
    {
        RangeResponse found = await Keys.RangeAsync(new RangeRequest
        {
            Key = ByteString.CopyFromUtf8(name + "/"),
            RangeEnd = ByteString.CopyFromUtf8(name + "0"),
            SortTarget = RangeRequest.Types.SortTarget.Create,
        });
        return [.. found.Kvs.Select(kv => kv.Key.ToStringUtf8())];
    }

    /// <summary>Waits until these are the keys.</summary>
    public async Task UntilKeysAsync(string name, params string[] keys)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Look);
        while (!(await KeysAsync(name)).SequenceEqual(keys))
            await timer.WaitForNextTickAsync(deadline.Token);
    }

    /// <summary>Ends the test that waits for too long.</summary>
    public static Task<T> SoonAsync<T>(Task<T> task) => task.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
