using System.Diagnostics;
using Etcdserverpb;
using Kv.Interop.Tests.Wire;
using Kv.Testing.Linearizability;
using Request = Kv.Testing.Linearizability.Request;

namespace Kv.Interop.Tests.Chaos;

/// <summary>A client that asks for one thing after the other, of whichever member answers, and notes what it asked and
/// was answered. What failed may have happened all the same, and is noted as that.</summary>
internal sealed class HistoryClient : IAsyncDisposable
{
    private const int Keys = 8;

    // Longer than a member keeps anybody waiting: of what it was asked, most is answered in the end.
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    private readonly int _number;
    private readonly History _history;
    private readonly IReadOnlyList<ApiClient> _members;
    private readonly Random _random;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, long> _seen = [];
    private readonly Task _running;
    private int _made;

    public HistoryClient(int number, History history, IEnumerable<Uri> members, Random random)
    {
        _number = number;
        _history = history;
        _members = [.. members.Select(member => new ApiClient(member))];
        _random = random;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Returns when all that was asked is answered, or given up.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        foreach (ApiClient member in _members)
            member.Dispose();
    }

    private async Task RunAsync()
    {
        using var pace = new PeriodicTimer(Pace);
        int member = _number;
        while (!_stop.IsCancellationRequested)
        {
            if (!await TryAsync(_members[member % _members.Count], Choose()))
                member++;
            else if (_random.Next(20) == 0)
                member = _random.Next(_members.Count);
            await pace.WaitForNextTickAsync();
        }
    }

    private async Task<bool> TryAsync(ApiClient member, Request request)
    {
        Operation operation = _history.Call(_number, request, Stopwatch.GetTimestamp());
        try
        {
            Answer answer = await AskAsync(member, request).WaitAsync(AnswerMax);
            _history.Return(operation, answer, Stopwatch.GetTimestamp());
            foreach ((Step step, StepAnswer found) in request.Then.Zip(answer.Steps))
            {
                if (step is Step.Get get && answer.Succeeded)
                    _seen[get.Key] = found.Found?.Modified ?? 0;
            }

            return true;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or IOException
            or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<Answer> AskAsync(ApiClient member, Request request)
    {
        if (request.If.Count == 0 && request.Then is [Step.Put put])
        {
            return EtcdMessages.ToAnswer(
                await member.CallAsync<PutResponse>("KV/Put", EtcdMessages.ToMessage(put)));
        }

        if (request.If.Count == 0 && request.Then is [Step.Get get])
        {
            return EtcdMessages.ToAnswer(
                await member.CallAsync<RangeResponse>("KV/Range", EtcdMessages.ToMessage(get)));
        }

        return EtcdMessages.ToAnswer(
            await member.CallAsync<TxnResponse>("KV/Txn", EtcdMessages.ToMessage(request)));
    }

    private Request Choose()
    {
        string key = $"chaos/{_random.Next(Keys)}";
        string value = $"{_number}.{++_made}";
        return _random.Next(10) switch
        {
            < 4 => Request.Put(key, value),
            < 7 => Request.Get(key),
            < 9 => new Request([new Step.Put(key, value), new Step.Get(key)])
            {
                If = [Condition.Modified(key, _seen.GetValueOrDefault(key))],
                Else = [new Step.Get(key)],
            },
            _ => new Request([new Step.Delete(key)]),
        };
    }
}
