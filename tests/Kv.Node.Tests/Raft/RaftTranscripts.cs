using Kv.Testing;

namespace Kv.Node.Tests.Raft;

/// <summary>Each mechanism of the protocol as a conversation with a few nodes, in transcripts/.</summary>
public sealed class RaftTranscripts
{
    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plays_as_written(string path)
    {
        var script = new RaftScript();
        Transcript.Check(path, script.Answer);
    }
}
