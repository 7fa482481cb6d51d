using System.Text;
using Kv.Server.Configuration;
using Kv.Testing;

namespace Kv.Node.Tests.Configuration;

/// <summary>What the node makes of its arguments, variables and file, read as a conversation. <c>yaml LINE</c> writes a
/// line of the file <c>node.yaml</c>; <c>start FLAGS</c>, with variables before it, reads them all; <c>start-again</c>
/// does so on a data directory that has been lived in. For TLS there are <c>good.crt</c> and <c>.key</c>,
/// <c>other.key</c>, <c>ca.crt</c>, <c>good.crl</c> and <c>empty.pem</c>.</summary>
public sealed class ConfigurationTranscripts
{
    private static readonly Dictionary<string, string> TlsFiles = MakeTlsFiles();

    private readonly StringBuilder _yaml = new();

    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plays_as_written(string path) => Transcript.Check(path, Answer);

    private string Answer(Command command)
    {
        if (command.Verb != "yaml")
            return Start(command.Line.Split(' '));
        _yaml.Append(command.Line.AsSpan("yaml ".Length)).Append('\n');
        return "";
    }

    private string Start(string[] words)
    {
        var environment = words.TakeWhile(word => !word.StartsWith("start", StringComparison.Ordinal))
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        string[] arguments = [.. words.Skip(environment.Count + 1).Select(word => word == "''" ? "" : word)];
        bool hasData = words[environment.Count] == "start-again";
        var sources = new ConfigurationSources(environment, ReadFile, _ => hasData) { ReadBytes = ReadBytes };
        var outcome = ConfigurationReader.Read(arguments, sources);
        return outcome switch
        {
            ConfigurationOutcome.Refuse refusal => refusal.Error,
            ConfigurationOutcome.Print print => $"prints {print.Output.Split('\n')[0]}\n",
            ConfigurationOutcome.Start start => string.Concat(start.Notices.Select(Describe)) + "starts\n",
            _ => throw new InvalidDataException(),
        };
    }

    private string ReadFile(string path)
    {
        if (path != "node.yaml")
            throw new FileNotFoundException("no such file or directory");
        string yaml = _yaml.ToString();
        _yaml.Clear();
        return yaml;
    }

    private static byte[] ReadBytes(string path) => TlsFiles.TryGetValue(path, out string? text)
        ? Encoding.ASCII.GetBytes(text)
        : throw new FileNotFoundException();

    private static Dictionary<string, string> MakeTlsFiles()
    {
        var authority = new TestAuthority();
        TestCertificate good = authority.Issue("good");
        return new Dictionary<string, string>
        {
            ["good.crt"] = good.ChainPem,
            ["good.key"] = good.KeyPem,
            ["other.key"] = authority.Issue("other").KeyPem,
            ["ca.crt"] = authority.Pem,
            ["good.crl"] = TestAuthority.ToPem(authority.Revoke(good)),
            ["empty.pem"] = "",
        };
    }

    private static string Describe(ConfigurationNotice notice) =>
        $"{notice.Level}: {notice.Message}{(notice.Key.Length == 0 ? "" : $" {notice.Key}={notice.Value}")}\n";
}
