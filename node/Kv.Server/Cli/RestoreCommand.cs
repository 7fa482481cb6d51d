using System.CommandLine;
using System.Security.Cryptography;
using Kv.Server.Snapshots;
using Kv.Server.Startup;
using Kv.Storage;

namespace Kv.Server.Cli;

/// <summary><c>snapshot restore</c>: of a file that is named, as etcd's tools do it, or with <c>--from</c> of one that
/// is fetched, as the container does that prepares the volume of a pod.</summary>
internal sealed class RestoreCommand
{
    private readonly IDisk _disk;
    private readonly Func<string, long> _freeBytesAt;
    private readonly TextWriter _error;

    private readonly Argument<string?> _file = new("filename")
    {
        Description = "a snapshot file",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _data = new("--data-dir")
    {
        Description = "the directory to make",
        Required = true,
    };

    private readonly Option<string> _wal = TextOption(
        "--wal-dir", "", "directory for the log, if it shall have its own");

    private readonly Option<string> _name = TextOption("--name", "default", "name of this member");

    private readonly Option<string> _members = TextOption(
        "--initial-cluster", "default=http://localhost:2380", "the members of the new cluster: NAME=URL,...");

    private readonly Option<string> _token = TextOption(
        "--initial-cluster-token", "etcd-cluster", "tells clusters of the same members apart");

    private readonly Option<string> _urls = TextOption(
        "--initial-advertise-peer-urls", "http://localhost:2380", "where other members find this one");

    private readonly Option<bool> _skip = new("--skip-hash-check")
    {
        Description = "take a file without a checksum, such as one copied from a data directory",
    };

    private readonly Option<long> _bump = new("--bump-revision") { Description = "by how much to raise the revision" };

    private readonly Option<bool> _mark = new("--mark-compacted")
    {
        Description = "mark all before that as compacted (with --bump-revision, and only then)",
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "fetch the snapshot from there (file:///PATH or s3://BUCKET/KEY); does nothing "
            + "if the directory is there already",
    };

    private readonly Option<string?> _sha256 = new("--sha256")
    {
        Description = "refuse a file with another SHA-256 than this, in hexadecimal (with --from)",
    };

    private readonly Option<string?> _endpoint = new("--s3-endpoint")
    {
        Description = "URL of the service for s3://, if it is not that of AWS; who calls is in the environment",
    };

    private readonly Option<string?> _region = new("--s3-region") { Description = "region of that service" };

    private readonly Option<string?> _marker = new("--data-marker")
    {
        Description = "refuse if this file is there: it remembers that there was data (with --from)",
    };

    public RestoreCommand(IDisk disk, Func<string, long> freeBytesAt, TextWriter error)
    {
        _disk = disk;
        _freeBytesAt = freeBytesAt;
        _error = error;
    }

    /// <param name="guard">Runs what is asked and turns what it throws into an exit code.</param>
    public Command Build(Func<Func<Task>, Task<int>> guard)
    {
        var command = new Command("restore", "Restores an etcd member snapshot to an etcd directory")
        {
            _file, _data, _wal, _name, _members, _token, _urls, _skip, _bump, _mark, _from, _sha256, _marker,
            _endpoint, _region,
        };
        command.SetAction((parsed, cancelled) => guard(() => RunAsync(parsed, cancelled)));
        return command;
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancelled)
    {
        string? file = parsed.GetValue(_file);
        string? from = parsed.GetValue(_from);
        if (file is null == from is null)
            throw new CommandFailedException("give the snapshot either as a file name or as --from URL");
        if (file is not null && parsed.GetValue(_sha256) is not null)
            throw new CommandFailedException("--sha256 can only be used with --from");

        RestoreOptions options = ReadOptions(parsed);
        if (file is not null)
        {
            new SnapshotRestore(_disk, options).Run(file);
            _error.WriteLine($"restored {file} into {options.DataDirectory}");
            return;
        }

        DataMarker.RequireNone(parsed.GetValue(_marker), options.DataDirectory);
        var settings = new S3Settings(parsed.GetValue(_endpoint), parsed.GetValue(_region));
        using ISnapshotPlace place = SnapshotPlaces.Open(SnapshotPlaces.ParseLocation(from!), settings);
        var restore = new StagedRestore(_disk, options, _freeBytesAt);
        bool isDone = await restore.RunAsync(place.Location, () => OpenAsync(place, cancelled), cancelled);
        _error.WriteLine(isDone
            ? $"restored {place.Location} into {options.DataDirectory}"
            : $"{options.DataDirectory} is there already: nothing to restore");
    }

    private RestoreOptions ReadOptions(ParseResult parsed)
    {
        long raise = parsed.GetValue(_bump);
        if (raise < 0 || parsed.GetValue(_mark) != raise > 0)
            throw new CommandFailedException("--mark-compacted required if --revision-bump > 0");

        string self = parsed.GetRequiredValue(_name);
        return new RestoreOptions
        {
            Name = self,
            Members = RestoreOptions.ReadMembers(
                parsed.GetRequiredValue(_members), self, parsed.GetRequiredValue(_urls)),
            Token = parsed.GetRequiredValue(_token),
            DataDirectory = parsed.GetRequiredValue(_data),
            WalDirectory = parsed.GetRequiredValue(_wal),
            SkipsHashCheck = parsed.GetValue(_skip),
            BumpRevision = raise,
            Sha256 = ReadHash(parsed.GetValue(_sha256)),
        };
    }

    private static string ReadHash(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        return text.Length == 2 * SHA256.HashSizeInBytes && text.All(char.IsAsciiHexDigit)
            ? text.ToLowerInvariant()
            : throw new CommandFailedException($"--sha256 has 64 hexadecimal digits, and '{text}' has not");
    }

    /// <summary>The snapshot, and its length in bytes if that is known beforehand.</summary>
    private static async Task<(Stream Content, long? Bytes)> OpenAsync(
        ISnapshotPlace place, CancellationToken cancelled)
    {
        PlacedSnapshot? found = await place.FindAsync(cancelled);
        return (await place.ReadAsync(cancelled), found?.Size);
    }

    private static Option<string> TextOption(string name, string value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
