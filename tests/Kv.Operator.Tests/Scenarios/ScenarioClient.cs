using System.Diagnostics;
using Etcdserverpb;
using Grpc.Core;
using Kv.Operator.Members;
using Kv.Testing.Linearizability;
using Request = Kv.Testing.Linearizability.Request;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A client that asks for one thing after the other, of one member while that answers and then of another, and
/// notes what it asked and was answered. What failed may have happened all the same, and is noted as that.</summary>
internal sealed class ScenarioClient(
    int number, ScenarioCluster cluster, ScenarioLoad load, TimeSpan pace, bool onlyPuts, Random random)
{
    private const int Keys = 6;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, long> _seen = [];
    private int _made;

    /// <summary>Asks until it is to stop; returns when all that was asked is answered or given up.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(pace);
        int turn = number;
        while (!stop.IsCancellationRequested)
        {
            IReadOnlyList<MemberEndpoint> members = cluster.Serving();
            if (members.Count > 0 && !await TryAsync(members[turn % members.Count], Choose()))
                turn++;
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task<bool> TryAsync(MemberEndpoint member, Request request)
    {
        Operation operation = load.History.Call(number, request, Stopwatch.GetTimestamp());
        try
        {
            Answer answer = await AskAsync(new KV.KVClient(cluster.Channels.For(member)), request);
            load.Return(operation, answer);
            foreach ((Step step, StepAnswer found) in request.Then.Zip(answer.Steps))
            {
                if (step is Step.Get get && answer.Succeeded)
                    _seen[get.Key] = found.Found?.Modified ?? 0;
            }

            return true;
        }
        catch (RpcException refusal)
        {
            load.Fail(operation, member.Member, refusal.Status);
            return false;
        }
    }

    private static async Task<Answer> AskAsync(KV.KVClient client, Request request)
    {
        var options = new CallOptions(deadline: DateTime.UtcNow + AnswerMax);
        if (request.If.Count == 0 && request.Then is [Step.Put put])
            return EtcdMessages.ToAnswer(await client.PutAsync(EtcdMessages.ToMessage(put), options));
        if (request.If.Count == 0 && request.Then is [Step.Get get])
            return EtcdMessages.ToAnswer(await client.RangeAsync(EtcdMessages.ToMessage(get), options));
        return EtcdMessages.ToAnswer(await client.TxnAsync(EtcdMessages.ToMessage(request), options));
    }

    private Request Choose()
    {
        string key = $"{load.Prefix}{random.Next(Keys)}";
        string value = $"{number}.{++_made}";
        return (onlyPuts ? 0 : random.Next(10)) switch
        {
            < 4 => Request.Put(key, value),
            < 7 => Request.Get(key),
            _ => new Request([new Step.Put(key, value), new Step.Get(key)])
            {
                If = [Condition.Modified(key, _seen.GetValueOrDefault(key))],
                Else = [new Step.Get(key)],
            },
        };
    }
}
