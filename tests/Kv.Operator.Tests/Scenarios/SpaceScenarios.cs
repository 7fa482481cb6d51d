using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Operator.Api;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Stores that fill up.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class SpaceScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private const int ValueBytes = 128 * 1024;
    private const int PutsMax = 2000;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);

    /// <summary>First of history, which is given up; then of live data, which is not.</summary>
    [Fact]
    public async Task A_store_full_of_history_is_emptied_and_one_full_of_live_data_wants_a_larger_quota()
    {
        site.Operator.Start();
        await using ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "small", spec =>
        {
            spec.Replicas = 3;
            spec.Storage.Quota = "16Mi";
        });
        await cluster.UntilReadyAsync();
        var written = new Dictionary<string, ByteString>();

        long start = Stopwatch.GetTimestamp();
        int puts = await FillAsync(cluster, written, number => $"few/{number % 8}");
        output.WriteLine($"full after {puts} puts of 8 keys");
        await cluster.UntilAsync("have given up history", found => found.Status.CompactedAt is not null);
        await UntilWrittenAsync(cluster, written, "few/0");
        V1KvCluster ready = await cluster.UntilReadyAsync();
        output.WriteLine($"writes go on after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");
        Assert.All(ready.Status.Members!, line => Assert.NotNull(line.DefragmentedAt));
        await MustBeThereAsync(cluster, written);

        puts = await FillAsync(cluster, written, number => $"many/{number}");
        output.WriteLine($"full again after {puts} puts of as many keys");
        V1KvCluster full = await cluster.UntilAsync(
            "say that it is full",
            found => found.Status.Conditions!.Any(each => each is { Type: "Degraded", Reason: "StoreFull" }));
        Assert.True(ScenarioCluster.IsTrue(full, "Available"));
        await MustBeThereAsync(cluster, written);

        await cluster.ChangeAsync("""{"storage":{"quota":"64Mi"}}""");
        await cluster.UntilReadyAsync();
        await UntilWrittenAsync(cluster, written, "many/0");
        await MustBeThereAsync(cluster, written);
        cluster.Guard.MustHaveSeenNothingWrong();
    }

    /// <summary>Puts until there is no room.</summary>
    /// <returns>How many there was room for.</returns>
    private static async Task<int> FillAsync(
        ScenarioCluster cluster, Dictionary<string, ByteString> written, Func<int, string> keyOf)
    {
        for (int number = 0; number < PutsMax; number++)
        {
            if (!await TryPutAsync(cluster, written, keyOf(number), number))
                return number;
        }

        Assert.Fail($"After {PutsMax} puts there is still room.");
        return PutsMax;
    }

    private static async Task UntilWrittenAsync(
        ScenarioCluster cluster, Dictionary<string, ByteString> written, string key)
    {
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (!await TryPutAsync(cluster, written, key, PutsMax + 1))
        {
            Assert.True(
                Stopwatch.GetElapsedTime(start) < ScenarioCluster.Patience,
                cluster.Describe(await cluster.GetAsync()));
            await timer.WaitForNextTickAsync();
        }
    }

    /// <returns>False if there is no room.</returns>
    private static async Task<bool> TryPutAsync(
        ScenarioCluster cluster, Dictionary<string, ByteString> written, string key, int number)
    {
        byte[] value = new byte[ValueBytes];
        new Random(number).NextBytes(value);
        var put = new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFrom(value) };
        try
        {
            await AskAsync(cluster, invoker =>
                new KV.KVClient(invoker).PutAsync(put, deadline: DateTime.UtcNow + AnswerMax));
            written[key] = put.Value;
            return true;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.ResourceExhausted)
        {
            return false;
        }
    }

    private static async Task MustBeThereAsync(ScenarioCluster cluster, Dictionary<string, ByteString> written)
    {
        foreach ((string key, ByteString value) in written)
        {
            var get = new RangeRequest { Key = ByteString.CopyFromUtf8(key) };
            RangeResponse found = await AskAsync(cluster, invoker =>
                new KV.KVClient(invoker).RangeAsync(get, deadline: DateTime.UtcNow + AnswerMax));
            Assert.True(found.Kvs.Count == 1 && found.Kvs[0].Value == value, $"{key} is not as it was acknowledged.");
        }
    }

    /// <summary>Asks one member after the other: one that is being shortened or restarted does not answer.</summary>
    private static Task<T> AskAsync<T>(ScenarioCluster cluster, Func<CallInvoker, AsyncUnaryCall<T>> ask) =>
        cluster.AskAsync(
            ask,
            ScenarioCluster.Patience,
            failure => failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded);
}
