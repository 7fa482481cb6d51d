using System.CommandLine;
using System.Net;
using Kv.Benchmarks.Loads;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks;

/// <summary>The subcommands of kv-bench. All share the options of a load; what one does not need it ignores.</summary>
public sealed class CommandLine
{
    private static readonly TimeSpan DurationByDefault = TimeSpan.FromMinutes(1);

    private readonly Option<string[]> _endpoints = new("--endpoints")
    {
        Description = "Addresses of the server.",
        DefaultValueFactory = _ => ["http://127.0.0.1:2379"],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> _connections = Number("--connections", 1, "HTTP/2 connections.");
    private readonly Option<int> _clients = Number("--clients", 1, "Requests under way at any time.");
    private readonly Option<int> _keyBytes = Number("--key-bytes", 16, "Size of a key.");
    private readonly Option<int> _valueBytes = Number("--value-bytes", 256, "Size of a value.");
    private readonly Option<int> _keys = Number("--keys", 100_000, "How many different keys.");
    private readonly Option<bool> _sequential = new("--sequential") { Description = "Keys in order, not at random." };
    private readonly Option<long> _total = new("--total")
    {
        Description = "Requests to send.",
        DefaultValueFactory = _ => long.MaxValue,
    };

    private readonly Option<double> _duration = new("--duration")
    {
        Description = "Seconds to run at most.",
        DefaultValueFactory = _ => DurationByDefault.TotalSeconds,
    };

    private readonly Option<double> _warmup = new("--warmup")
    {
        Description = "Of these the first, in which nothing is measured.",
    };

    private readonly Option<double> _rate = new("--rate") { Description = "Requests per second; 0: as many as go." };
    private readonly Option<int> _seed = Number("--seed", 1, "What chance begins with.");
    private readonly Option<int> _process = Number("--pid", 0, "The server's process, to tell what it used.");
    private readonly Option<int> _span = Number("--span", 1, "Keys of a range, operations of a transaction.");
    private readonly Option<bool> _serializable = new("--serializable") { Description = "Reads that ask no leader." };
    private readonly Option<int> _readPercent = Number("--read-percent", 80, "Share of reads in a mixed load.");
    private readonly Option<int> _watchers = Number("--watchers", 100, "Watchers, or leases kept alive.");

    public RootCommand Build()
    {
        var root = new RootCommand("Puts a load on any server of etcd's API, and measures it.");
        Add(root, "put", "Puts.", (options, connections) => new KvLoads(options, connections).PutAsync());
        Add(root, "range", "Reads one key or many.", (options, at) => new KvLoads(options, at).RangeAsync());
        Add(root, "txn", "Transactions of puts.", (options, at) => new KvLoads(options, at).TxnAsync());
        Add(root, "mixed", "Reads and puts.", (options, at) => new KvLoads(options, at).MixedAsync());
        Add(root, "watch", "Puts, seen by many watchers.", (options, at) => new WatchLoad(options, at).RunAsync());
        Add(root, "gap", "Puts; tells the longest pause.", (options, at) => new GapLoad(options, at).RunAsync());
        Add(root, "lease-keepalive", "Keeps leases alive.", (options, at) => new LeaseLoad(options, at).RunAsync());
        root.Add(Frame());
        root.Add(Collector());
        return root;
    }

    private static Option<int> Number(string name, int value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private IEnumerable<Option> Options =>
    [
        _endpoints, _connections, _clients, _keyBytes, _valueBytes, _keys, _sequential, _total, _duration, _warmup,
        _rate, _seed, _process, _span, _serializable, _readPercent, _watchers,
    ];

    private void Add(
        RootCommand root,
        string name,
        string description,
        Func<LoadOptions, Connections, Task<RunResult>> run)
    {
        Command command = WithOptions(new Command(name, description));
        command.SetAction(async (parsed, _) =>
        {
            LoadOptions options = Read(parsed);
            using var connections = new Connections(options);
            RunResult result = await run(options, connections);
            Console.Write(result.ToString());
            return result.Errors == 0 ? 0 : 1;
        });
        root.Add(command);
    }

    private static Command Collector()
    {
        var address = new Argument<string>("address") { Description = "host:port to listen on." };
        var command = new Command("collector", "Takes metrics and traces by OTLP, and forgets them.") { address };
        command.SetAction((parsed, stop) => OtlpSink.RunAsync(IPEndPoint.Parse(parsed.GetValue(address)!), stop));
        return command;
    }

    // A frame as a body for a client that knows nothing of gRPC, such as h2load.
    private Command Frame()
    {
        var what = new Argument<string>("what") { Description = "put or range" };
        what.AcceptOnlyFromAmong("put", "range");
        Command command = WithOptions(new Command("frame", "Writes the gRPC frame of one request to the output."));
        command.Add(what);
        command.SetAction(parsed =>
        {
            LoadOptions options = Read(parsed);
            var keys = new KeySpace(options);
            byte[] message = parsed.GetValue(what) == "put"
                ? KvLoads.PutMessage(keys, 0)
                : KvLoads.RangeMessage(options, keys, 0);
            using Stream output = Console.OpenStandardOutput();
            output.Write(GrpcFrame.Of(message));
        });
        return command;
    }

    private Command WithOptions(Command command)
    {
        foreach (Option option in Options)
            command.Add(option);
        return command;
    }

    private LoadOptions Read(ParseResult parsed) => new()
    {
        Endpoints = parsed.GetValue(_endpoints)!,
        Connections = parsed.GetValue(_connections),
        Clients = parsed.GetValue(_clients),
        KeyBytes = parsed.GetValue(_keyBytes),
        ValueBytes = parsed.GetValue(_valueBytes),
        Keys = parsed.GetValue(_keys),
        Sequential = parsed.GetValue(_sequential),
        Total = parsed.GetValue(_total),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(_duration)),
        Warmup = TimeSpan.FromSeconds(parsed.GetValue(_warmup)),
        Rate = parsed.GetValue(_rate),
        Seed = parsed.GetValue(_seed),
        Process = parsed.GetValue(_process),
        Span = parsed.GetValue(_span),
        Serializable = parsed.GetValue(_serializable),
        ReadPercent = parsed.GetValue(_readPercent),
        Watchers = parsed.GetValue(_watchers),
    };
}
