using System.CommandLine;
using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary>The commands that work on the files of a node that is not running. Names, options and output are those of
/// etcd's <c>etcdutl</c>, so that scripts made for it go on working.</summary>
public sealed class NodeCommands
{
    private const int ExitOk = 0;
    private const int ExitError = 1;
    private const int ExitBadFormat = 4;

    private static readonly string[] Names = ["snapshot", "hashkv", "defrag", "check"];

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
            Snapshot(), HashKv(), Defrag(), Check(),
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
        return new Command("snapshot", "Manages etcd node snapshots") { status, Restore() };
    }

    private Command Restore()
    {
        var file = new Argument<string>("filename") { Description = "a snapshot file" };
        var data = new Option<string>("--data-dir") { Description = "the directory to make", Required = true };
        var wal = TextOption("--wal-dir", "", "directory for the log, if it shall have its own");
        var name = TextOption("--name", "default", "name of this member");
        var members = TextOption(
            "--initial-cluster", "default=http://localhost:2380", "the members of the new cluster: NAME=URL,...");
        var token = TextOption("--initial-cluster-token", "etcd-cluster", "tells clusters of the same members apart");
        var urls = TextOption(
            "--initial-advertise-peer-urls", "http://localhost:2380", "where other members find this one");
        var skip = new Option<bool>("--skip-hash-check")
        {
            Description = "take a file without a checksum, such as one copied from a data directory",
        };
        var bump = new Option<long>("--bump-revision") { Description = "by how much to raise the revision" };
        var mark = new Option<bool>("--mark-compacted")
        {
            Description = "mark all before that as compacted (with --bump-revision, and only then)",
        };
        var command = new Command("restore", "Restores an etcd member snapshot to an etcd directory")
        {
            file, data, wal, name, members, token, urls, skip, bump, mark,
        };
        command.SetAction(parsed => Do(() =>
        {
            long raise = parsed.GetValue(bump);
            if (raise < 0 || parsed.GetValue(mark) != raise > 0)
                throw new CommandFailedException("--mark-compacted required if --revision-bump > 0");

            string self = parsed.GetRequiredValue(name);
            var options = new RestoreOptions
            {
                Name = self,
                Members = RestoreOptions.ReadMembers(
                    parsed.GetRequiredValue(members), self, parsed.GetRequiredValue(urls)),
                Token = parsed.GetRequiredValue(token),
                DataDirectory = parsed.GetRequiredValue(data),
                WalDirectory = parsed.GetRequiredValue(wal),
                SkipsHashCheck = parsed.GetValue(skip),
                BumpRevision = raise,
            };
            new SnapshotRestore(_disk, options).Run(parsed.GetRequiredValue(file));
            _error.WriteLine($"restored {parsed.GetRequiredValue(file)} into {options.DataDirectory}");
        }));
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

    private static Option<string> TextOption(string name, string value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

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
        catch (Exception fault) when (fault is CommandFailedException or CorruptDataException or IOException)
        {
            _error.WriteLine($"Error: {fault.Message}");
            return ExitError;
        }
    }
}
