using System.Text.RegularExpressions;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Sessions;

/// <summary>What etcdctl 3.7.1 was told by a member of 3.7.1, etcdctl 3.5.30 is told by ours.</summary>
public sealed class RecordedSessionTests
{
    private const string RecordedClient = "127.0.0.1:26020";
    private const string RecordedPeer = "127.0.0.1:26021";

    [Fact]
    public Task Ours_answers_as_recorded() => ReplayAsync(NodeProgram.Ours, RecordedExclusions.OfOurs);

    /// <summary>Shows that the replay itself is right: a real etcd passes it too, where its version allows.</summary>
    [Fact]
    public Task Etcd_answers_as_recorded() =>
        ReplayAsync(NodeProgram.Etcd35, RecordedExclusions.OfEtcd35);

    private static async Task ReplayAsync(NodeProgram program, IReadOnlyDictionary<int, string> ofServer)
    {
        var excluded = new Dictionary<int, string>(RecordedExclusions.OfClient.Concat(ofServer));
        IReadOnlyList<RecordedCommand> recorded = RecordedCommand.ReadAll();
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"])
        {
            AdvertisedClientAddress = RecordedClient,
            AdvertisedPeerAddress = RecordedPeer,
            Token = "golden",
            Extra = ["--bcrypt-cost", "4"],
        });
        List<string> expected = [];
        List<string> actual = [];
        foreach (RecordedCommand command in recorded)
        {
            ProgramRun run = await RunAsync(command, node, folder.Path);
            if (excluded.ContainsKey(command.Number))
                continue;

            expected.Add(Block(command, command.ExitCode, command.Output, command.Errors));
            actual.Add(Block(command, run.ExitCode, run.Output, run.Errors));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{expected.Count} of {recorded.Count} commands compared, {excluded.Count} excluded.");
        SessionDifference.MustBeEmpty("recorded", expected, program.Name, actual);
    }

    private static Task<ProgramRun> RunAsync(RecordedCommand command, NodeProcess node, string folder)
    {
        var environment = new Dictionary<string, string>
        {
            ["ETCDCTL_API"] = "3",
            ["ETCDCTL_ENDPOINTS"] = node.Endpoint,
        };
        IReadOnlyList<string> words = SessionScript.Words(
            command.Command.Replace("nofile", Path.Combine(folder, "nofile"), StringComparison.Ordinal));
        return ProgramRun.StartAsync(EtcdRelease.V35.Etcdctl, words, command.Input, environment);
    }

    private static string Block(RecordedCommand command, int? exitCode, string output, string errors)
    {
        string text = $"exit {exitCode}\n{output}--- errors\n{errors}";
        string plain = Common(SessionText.Plain(text));

        // Members stand in the order of their ids, and a learner's is chance.
        if (command.Command.Contains("member", StringComparison.Ordinal))
            plain = string.Join('\n', plain.Split('\n').Order(StringComparer.Ordinal));
        return $"{command.Number}: $ {command.Command}\n{plain}";
    }

    // Both clients' ways of drawing a table, and what a server chooses: ids of leases and of an added learner.
    private static string Common(string text)
    {
        text = Regex.Replace(text, "[┌┬┐├┼┤└┴┘]", "+").Replace('─', '-').Replace('│', '|');
        text = Regex.Replace(text, @"127\.\d+\.\d+\.\d+:\d+", "ADDRESS");
        text = Regex.Replace(text, "lease [0-9a-f]{16}", "lease ID");
        text = Regex.Replace(text, "^[0-9a-f]{15,16}, unstarted", "ID, unstarted", RegexOptions.Multiline);
        text = Regex.Replace(text, "^[0-9a-f]{15,16}$", "ID", RegexOptions.Multiline);
        text = text.Replace("m2=http://ADDRESS,m1=http", "m1=http://ADDRESS,m2=http", StringComparison.Ordinal);
        text = text.Replace(". took T", "", StringComparison.Ordinal);
        text = text.Replace(" as learner", "", StringComparison.Ordinal);
        return Regex.Replace(text, "Member +[0-9a-f]{15,16} added", "Member ID added");
    }
}
