using System.Runtime.CompilerServices;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Sessions;

/// <summary>The same session with etcdctl to a real etcd and to ours: word for word the same answers. Both get the same
/// addresses, one after the other, and so must choose the same ids.</summary>
public sealed class SessionTests
{
    private static readonly IReadOnlyList<SessionStep> Script =
        SessionScript.Parse(File.ReadAllLines(Path.Combine(Folder(), "scripts/session.txt")));

    public static TheoryData<EtcdRelease> Clients => [EtcdRelease.V34, EtcdRelease.V35];

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_session_with_ours_reads_as_one_with_etcd(EtcdRelease client)
    {
        await CompareAsync(client, NodeProgram.Etcd35, NodeProgram.Ours);
    }

    [Fact]
    public async Task A_session_with_etcd_repeats_itself()
    {
        await CompareAsync(EtcdRelease.V35, NodeProgram.Etcd35, NodeProgram.Etcd35);
    }

    [Fact]
    public void The_session_has_at_least_150_commands()
    {
        Assert.True(Script.Count(step => step is SessionStep.Run or SessionStep.Start) >= 150);
    }

    private static async Task CompareAsync(EtcdRelease client, NodeProgram judge, NodeProgram judged)
    {
        using var folder = new TempDirectory();
        var settings = new NodeSettings(folder["first"]);
        IReadOnlyList<string> expected = await PlayAsync(client, judge, settings);
        NodeSettings same = settings with { DataDirectory = folder["second"] };
        IReadOnlyList<string> actual = await PlayAsync(client, judged, same);
        Keep($"{client}-{judge}", expected);
        Keep($"{client}-{judged}", actual);
        SessionDifference.MustBeEmpty(judge.Name, expected, judged.Name, actual);
    }

    private static async Task<IReadOnlyList<string>> PlayAsync(
        EtcdRelease client,
        NodeProgram program,
        NodeSettings settings)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, settings);
        using var player = new SessionPlayer(client.Etcdctl, node.Endpoint, folder.Path);
        return await player.PlayAsync(Script);
    }

    // Left beside the tests for whoever wants to read what a session looks like.
    private static void Keep(string name, IReadOnlyList<string> blocks)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "played")).FullName;
        File.WriteAllLines(Path.Combine(folder, $"{name.Replace(' ', '-')}.txt"), blocks);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
