using System.Globalization;
using System.Text;
using Kv.Node.Tests.Leases;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Membership;

/// <summary>What may become of the members.</summary>
public sealed class MemberTranscripts : IDisposable
{
    private readonly BackendOnDisk _disk = new();
    private readonly MemberBook _book;

    public MemberTranscripts() => _book = new MemberBook(_disk.Backend, learnersMax: 1);

    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plays_as_written(string path) => Transcript.Check(path, Answer);

    public void Dispose() => _disk.Dispose();

    private string Answer(Command command)
    {
        ulong id = ulong.Parse(command.Words[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        bool isLearner = command.Has("learner");
        switch (command.Verb)
        {
            case "add":
                return Apply(isLearner ? MemberChange.AddLearner : MemberChange.AddVoter, id, Member(command, id));
            case "promote":
                return Apply(MemberChange.AddVoter, id, MemberJson.EncodePromotion(id));
            case "update":
                return Apply(MemberChange.Update, id, Member(command, id));
            case "remove":
                return Apply(MemberChange.Remove, id, []);
            case "started":
                _book.SetAttributes(id, command.Text("name"), [command.Text("client")]);
                return Describe();
            default:
                throw new InvalidDataException($"No command '{command.Verb}'.");
        }
    }

    private string Apply(MemberChange change, ulong id, byte[] context)
    {
        string entry = $"type {(int)change} {Encoding.UTF8.GetString(context)}\n";
        KvError error = _book.Apply(change, id, context);
        return error == KvError.None ? entry + Describe() : entry + $"refused: {error}\n";
    }

    private string Describe() => string.Concat(_book.Members.Select(member =>
        $"  {MemberIds.ToText(member.Id)} {(member.IsLearner ? "learner" : "voter")} {member.Name} " +
        $"{string.Join(' ', member.PeerUrls)} {string.Join(' ', member.ClientUrls)}".TrimEnd() + "\n"));

    private static byte[] Member(Command command, ulong id) => MemberJson.Encode(
        new ClusterMember(id, command.Text("urls").Split(','), command.Has("learner"), "", []));
}
