using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Files;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Interop.Tests.Crashes;

/// <summary>One data directory through many lives: start, compare the history with what was acknowledged, write from
/// several connections, die at a random moment; after each death the files are checked from outside.</summary>
public sealed class CrashRounds(NodeProgram program, int seed) : IDisposable
{
    private const int WriterCount = 6;
    private const int LifeMillisecondsMax = 250;
    private const int CompactEvery = 5;
    private const int CheckByProcessEvery = 10;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);

    private readonly TempDirectory _folder = new();
    private readonly Random _random = new(seed);
    private readonly WrittenHistory _history = new();
    private int _acknowledged;

    /// <summary>Lives through up to that many rounds, fewer if the time is over; returns how many.</summary>
    public async Task<int> RunAsync(int rounds, TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        int round = 0;
        while (round < rounds && clock.Elapsed < within)
        {
            await LiveAsync(round);
            await CheckFilesAsync(round);
            round++;
        }

        await VerifyOnceMoreAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {seed}: {round} rounds in {clock.Elapsed.TotalSeconds:f0} s, {_acknowledged} writes acknowledged");
        return round;
    }

    public void Dispose() => _folder.Dispose();

    private NodeSettings Settings => new(_folder["m1.etcd"]) { Extra = ["--snapshot-count", "300"] };

    private async Task LiveAsync(int round)
    {
        await using NodeProcess node = await NodeProcess.StartAsync(program, Settings);
        await VerifyAsync(node);
        if (round % CompactEvery == CompactEvery - 1)
            await CompactAsync(node);

        using var over = new CancellationTokenSource();
        Task[] writers =
        [
            .. Enumerable.Range(0, WriterCount).Select(index =>
                new CrashWriter(node.Url, _history, $"r{round}w{index}", _random.Next()).RunAsync(over.Token)),
        ];
        await _history.First.WaitAsync(AnswerMax, over.Token);
        using var moment = new PeriodicTimer(TimeSpan.FromMilliseconds(1 + _random.Next(LifeMillisecondsMax)));
        await moment.WaitForNextTickAsync(over.Token);
        await node.KillAsync();
        await over.CancelAsync();
        await Task.WhenAll(writers);
        _acknowledged += _history.AcknowledgedCount;
    }

    private async Task VerifyOnceMoreAsync()
    {
        await using NodeProcess node = await NodeProcess.StartAsync(program, Settings);
        await VerifyAsync(node);
    }

    private async Task VerifyAsync(NodeProcess node)
    {
        using var client = new ApiClient(node.Url);
        long current = await NodePicture.RevisionAsync(client);
        IReadOnlyList<Mvccpb.Event> events =
            current > _history.Verified ? await EventsAsync(node, _history.Verified + 1, current) : [];
        _history.Check(events, current);
    }

    private static async Task<IReadOnlyList<Mvccpb.Event>> EventsAsync(NodeProcess node, long from, long to)
    {
        using var grpc = new RawGrpc(node.Url);
        await using RawStream stream = grpc.Open("/etcdserverpb.Watch/Watch");
        var zero = ByteString.CopyFrom(0);
        var create = new WatchCreateRequest { Key = zero, RangeEnd = zero, StartRevision = from };
        await stream.SendAsync(new WatchRequest { CreateRequest = create }.ToByteArray());
        List<Mvccpb.Event> events = [];
        while (events.Count == 0 || events[^1].Kv.ModRevision < to)
        {
            byte[] message = await stream.NextAsync(AnswerMax)
                ?? throw new InvalidOperationException($"Silence after {events.Count} events.\n{node.Output}");
            var response = WatchResponse.Parser.ParseFrom(message);
            Assert.False(response.Canceled, $"{response}");
            events.AddRange(response.Events);
        }

        return events;
    }

    private async Task CompactAsync(NodeProcess node)
    {
        using var client = new ApiClient(node.Url);
        var request = new CompactionRequest { Revision = _history.Verified };
        await client.CallAsync<CompactionResponse>("KV/Compact", request);
    }

    /// <summary>What <c>kv-node check</c> says, mostly without starting a process for it.</summary>
    private async Task CheckFilesAsync(int round)
    {
        if (!program.IsOurs)
            return;
        string[] arguments = ["check", "--data-dir", Settings.DataDirectory];
        if (round % CheckByProcessEvery == 0)
        {
            ProgramRun check = await program.RunAsync(arguments);
            check.MustSucceed();
            return;
        }

        using var said = new StringWriter();
        int exit = new NodeCommands(new RealDisk(), said, said).Run(arguments);
        Assert.True(exit == 0, $"{said}");
    }
}
