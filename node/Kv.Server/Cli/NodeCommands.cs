using System.CommandLine;
using Kv.Server.Snapshots;
using Kv.Server.Startup;
using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary>The commands that work on the files of a node that is not running, and those that take snapshots of nodes
/// that are. Names, options and output are those of
/// etcd's <c>etcdutl</c>, so that scripts made for it go on working.</summary>
public sealed class NodeCommands
{
    private const int ExitOk = 0;
    private const int ExitError = 1;
    private const int ExitBadFormat = 4;

    private static readonly string[] Names = ["snapshot", "hashkv", "defrag", "check", "copy"];

    private static readonly Dictionary<string, OutputFormat> Formats = new(StringComparer.Ordinal)
    {
        ["simple"] = OutputFormat.Simple,
        ["json"] = OutputFormat.Json,
        ["fields"] = OutputFormat.Fields,
        ["table"] = OutputFormat.Table,
    };

    private readonly IDisk _disk;
    private readonly TextWriter _output;
    private readonly TextWriter _error;

    private readonly Option<string> _format = new("--write-out", "-w")
    {
        Description = "set the output format (fields, json, simple, table)",
        DefaultValueFactory = _ => "simple",
        Recursive = true,
    };

    public NodeCommands(IDisk disk, TextWriter output, TextWriter error)
    {
        _disk = disk;
        _output = output;
        _error = error;
    }

    /// <summary>Whether these arguments are for us; all others are flags of the server.</summary>
    public static bool AreMeant(IReadOnlyList<string> arguments) =>
        arguments.Count > 0 && Names.Contains(arguments[0]);

    /// <summary>The exit code.</summary>
    public int Run(IReadOnlyList<string> arguments)
    {
        var root = new RootCommand("Works on the files of a node that is not running.")
        {
            Snapshot(), HashKv(), Defrag(), Check(), Copy(), Version(),
        };
        root.Options.Add(_format);

        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count == 0)
            return parsed.Invoke(new InvocationConfiguration { Output = _output, Error = _error });

        foreach (var fault in parsed.Errors)
            _error.WriteLine($"Error: {fault.Message}");
        return ExitError;
    }

    private Command Snapshot()
    {
        var file = new Argument<string>("filename") { Description = "a snapshot file" };
        var status = new Command("status", "Gets backend snapshot status of a given file") { file };
        status.SetAction(parsed =>
            Answer(parsed, () => SnapshotStatus.Read(_disk, parsed.GetRequiredValue(file)).ToTable()));
        var restore = new RestoreCommand(_disk, RoomCheck.FreeBytesAt, _error);
        var running = new SnapshotCommands(_output, _error);
        return new Command("snapshot", "Manages etcd node snapshots")
        {
            status, restore.Build(DoAsync), running.Take(), running.Delete(),
        };
    }

    /// <summary>For the pod of a member: what is to be done to its data cannot be undone.</summary>
    private Command Copy()
    {
        var directory = DataDirectory();
        var target = new Option<string>("--to") { Description = "the directory to make", Required = true };
        var command = new Command("copy", "Copies the data directory of a node that is not running")
        {
            directory, target,
        };
        command.SetAction(parsed => Do(() =>
        {
            (string from, string to) = (parsed.GetRequiredValue(directory), parsed.GetRequiredValue(target));
            bool isDone = new DirectoryCopy(_disk, RoomCheck.FreeBytesAt).Run(from, to);
            _error.WriteLine(isDone ? $"copied {from} to {to}" : $"{to} is there already: nothing to copy");
        }));
        return command;
    }

    // As etcdutl has it, which is a name that this program may have; the server's own is --version.
    private Command Version()
    {
        var command = new Command("version", "Prints the version of etcdutl");
        command.SetAction(_ =>
        {
            string version = ProductText.ServerVersion;
            _output.Write($"etcdutl version: {version}\nAPI version: {version[..version.LastIndexOf('.')]}\n");
        });
        return command;
    }

    private Command HashKv()
    {
        var file = new Argument<string>("filename") { Description = "a snapshot file, or the page file of a node" };
        var revision = new Option<long>("--rev")
        {
            Description = "maximum revision to hash (default: latest revision)",
        };
        var command = new Command("hashkv", "Prints the KV history hash of a given file") { file, revision };
        command.SetAction(parsed => Answer(
            parsed, () => HistoryHash.Run(_disk, parsed.GetRequiredValue(file), parsed.GetValue(revision))));
        return command;
    }

    private Command Defrag()
    {
        var directory = DataDirectory();
        var command = new Command("defrag", "Defragments the storage of a node that is not running") { directory };
        command.SetAction(parsed =>
            Answer(parsed, () => Defragmentation.Run(_disk, parsed.GetRequiredValue(directory))));
        return command;
    }

    private Command Check()
    {
        var directory = DataDirectory();
        var wal = new Option<string?>("--wal-dir") { Description = "directory of the log, if it has its own" };
        var command = new Command("check", "Looks for damage in the files of a node that is not running")
        {
            directory, wal,
        };
        command.SetAction(parsed =>
        {
            var check = new DirectoryCheck(_disk, parsed.GetRequiredValue(directory), parsed.GetValue(wal));
            int exit = Answer(parsed, check.Run);
            return exit == ExitOk && check.FoundDamage ? ExitError : exit;
        });
        return command;
    }

    private static Option<string> DataDirectory() =>
        new("--data-dir") { Description = "the node's data directory", Required = true };

    /// <summary>Runs a command and writes what it found, or why it could not.</summary>
    private int Answer(ParseResult parsed, Func<ResultTable> run)
    {
        if (!Formats.TryGetValue(parsed.GetRequiredValue(_format), out var format))
        {
            _error.WriteLine("Error: unsupported output format");
            return ExitBadFormat;
        }

        return Do(() => _output.Write(run().Format(format)));
    }

    private int Do(Action run)
    {
        try
        {
            run();
            return ExitOk;
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            return Tell(fault);
        }
    }

    private async Task<int> DoAsync(Func<Task> run)
    {
        try
        {
            await run();
            return ExitOk;
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            return Tell(fault);
        }
    }

    private static bool IsExpected(Exception fault) => fault is
        CommandFailedException or CorruptDataException or BootstrapException or IOException
        or UnauthorizedAccessException;

    private int Tell(Exception fault)
    {
        _error.WriteLine($"Error: {fault.Message}");
        return ExitError;
    }
}
