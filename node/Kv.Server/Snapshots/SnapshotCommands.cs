using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Kv.Server.Cli;

namespace Kv.Server.Snapshots;

/// <summary><c>snapshot take</c> and <c>snapshot delete</c>: what Jobs of the operator run, and people may. They
/// talk to running members, and so have no counterpart in <c>etcdutl</c>.</summary>
internal sealed class SnapshotCommands(TextWriter output, TextWriter error)
{
    private const int ExitOk = 0;
    private const int ExitError = 1;

    private readonly Option<string> _owner = new("--owner")
    {
        Description = "whose the snapshot is: what another has put there is neither overwritten nor deleted",
        Required = true,
    };

    private readonly Option<string?> _s3Endpoint = new("--s3-endpoint")
    {
        Description = "URL of the service that speaks S3, if it is not that of AWS",
    };

    private readonly Option<string?> _s3Region = new("--s3-region") { Description = "its region (us-east-1)" };

    private readonly Option<string?> _messageFile = new("--message-file")
    {
        Description = "a file to write the answer, or the error, to as well",
    };

    public Command Take()
    {
        var endpoints = new Option<string>("--endpoints")
        {
            Description = "client URLs of the members, by commas",
            Required = true,
        };
        var to = new Option<string>("--to")
        {
            Description = "where to: file:///folder/name or s3://bucket/name",
            Required = true,
        };
        var authority = new Option<string?>("--cacert") { Description = "whom to trust, in place of the system's" };
        var certificate = new Option<string?>("--cert") { Description = "what to show to the members" };
        var key = new Option<string?>("--key") { Description = "its key" };
        var cluster = new Option<string?>("--cluster-id")
        {
            Description = "id of the cluster that they have to be of, in hexadecimal",
        };
        var scratch = new Option<string>("--scratch")
        {
            Description = "folder for the snapshot until it is verified",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var command = new Command("take", "Takes a verified snapshot of a running cluster")
        {
            endpoints, authority, certificate, key, cluster, to, _owner, scratch, _s3Endpoint, _s3Region, _messageFile,
        };
        command.SetAction((parsed, stop) => DoAsync(parsed, async () =>
        {
            var options = new TakeOptions
            {
                Endpoints = ReadEndpoints(parsed.GetRequiredValue(endpoints)),
                OwnerUid = ReadOwner(parsed),
                ScratchFolder = parsed.GetRequiredValue(scratch),
                ClusterId = ReadId(parsed.GetValue(cluster)),
                AuthorityFile = parsed.GetValue(authority),
                CertificateFile = parsed.GetValue(certificate),
                KeyFile = parsed.GetValue(key),
            };
            using ISnapshotPlace place = Open(parsed, to);
            return (await new SnapshotTake(place, options).RunAsync(stop)).ToJson();
        }));
        return command;
    }

    public Command Delete()
    {
        var at = new Option<string>("--at") { Description = "where it is", Required = true };
        var command = new Command("delete", "Deletes a snapshot, if it is the owner's")
        {
            at, _owner, _s3Endpoint, _s3Region, _messageFile,
        };
        command.SetAction((parsed, stop) => DoAsync(parsed, async () =>
        {
            using ISnapshotPlace place = Open(parsed, at);
            await place.DeleteAsync(ReadOwner(parsed), stop);
            return "{}";
        }));
        return command;
    }

    private ISnapshotPlace Open(ParseResult parsed, Option<string> location) => SnapshotPlaces.Open(
        SnapshotPlaces.ParseLocation(parsed.GetRequiredValue(location)),
        new S3Settings(parsed.GetValue(_s3Endpoint), parsed.GetValue(_s3Region)));

    private async Task<int> DoAsync(ParseResult parsed, Func<Task<string>> run)
    {
        string? messageFile = parsed.GetValue(_messageFile);
        try
        {
            string answer = await run();
            await output.WriteLineAsync(answer);
            if (messageFile is not null)
                await File.WriteAllTextAsync(messageFile, answer);
            return ExitOk;
        }
        catch (Exception fault) when (
            fault is CommandFailedException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            string text = fault is OperationCanceledException ? "it was ended from outside" : fault.Message;
            await error.WriteLineAsync($"Error: {text}");
            if (messageFile is not null)
                await File.WriteAllTextAsync(messageFile, TakenSnapshot.ErrorJson(text));
            return ExitError;
        }
    }

    private string ReadOwner(ParseResult parsed)
    {
        string owner = parsed.GetRequiredValue(_owner);
        return Regex.IsMatch(owner, "^[A-Za-z0-9-]{1,64}$", RegexOptions.CultureInvariant)
            ? owner
            : throw new CommandFailedException("--owner is at most 64 letters, digits and hyphens");
    }

    private static Uri[] ReadEndpoints(string text) =>
    [
        .. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(each =>
            Uri.TryCreate(each, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
                ? url
                : throw new CommandFailedException($"'{each}' is no URL of a member")),
    ];

    private static ulong ReadId(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return 0;
        return ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id)
            ? id
            : throw new CommandFailedException($"'{text}' is no id of a cluster");
    }
}
