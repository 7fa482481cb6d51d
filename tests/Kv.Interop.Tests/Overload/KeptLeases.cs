using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Overload;

/// <summary>Leases that a client keeps alive, with a key on each.</summary>
public sealed class KeptLeases : IAsyncDisposable
{
    private const int Count = 5;
    private const long Ttl = 15;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ApiClient _client;
    private readonly List<long> _ids = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _keeping = Task.CompletedTask;

    private KeptLeases(Uri node) => _client = new ApiClient(node);

    public static async Task<KeptLeases> StartAsync(Uri node)
    {
        var leases = new KeptLeases(node);
        for (int number = 0; number < Count; number++)
            leases._ids.Add(await leases.GrantAsync($"kept{number}"));
        leases._keeping = leases.KeepAsync();
        return leases;
    }

    /// <summary>A lease that nobody keeps, with a key.</summary>
    public async Task<long> GrantAsync(string key)
    {
        LeaseGrantResponse granted =
            await _client.CallAsync<LeaseGrantResponse>("Lease/LeaseGrant", new LeaseGrantRequest { TTL = Ttl });
        await _client.CallAsync<PutResponse>(
            "KV/Put", new PutRequest { Key = ByteString.CopyFromUtf8(key), Lease = granted.ID });
        return granted.ID;
    }

    /// <summary>Whether the keeping came through every time, and all leases live.</summary>
    public async Task MustLiveAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
        foreach (long id in _ids)
            Assert.InRange(await RemainingAsync(id), 1, Ttl);
    }

    public async Task<long> RemainingAsync(long id) =>
        (await _client.CallAsync<LeaseTimeToLiveResponse>(
            "Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = id })).TTL;

    public Task RevokeAsync(long id) =>
        _client.CallAsync<LeaseRevokeResponse>("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = id });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
        _stop.Dispose();
        _client.Dispose();
    }

    private async Task KeepAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                foreach (long id in _ids)
                {
                    LeaseKeepAliveResponse kept = await _client.CallAsync<LeaseKeepAliveResponse>(
                        "Lease/LeaseKeepAlive", new LeaseKeepAliveRequest { ID = id });
                    Assert.Equal(Ttl, kept.TTL);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // It is enough.
        }
    }
}
