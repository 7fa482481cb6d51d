using Etcdserverpb;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Files;

/// <summary>A data directory goes from one program to another, and back: the same store, revision for revision, and the
/// same HashKV.</summary>
public sealed class DirectorySwapTests
{
    private const int BurstPuts = 40;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task From_etcd_3_4_to_ours(bool killed) => SwapAsync([NodeProgram.Etcd34, NodeProgram.Ours], killed);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task From_etcd_3_5_to_ours(bool killed) => SwapAsync([NodeProgram.Etcd35, NodeProgram.Ours], killed);

    [Fact]
    public Task From_etcd_3_5_with_authentication_to_ours() =>
        SwapAsync([NodeProgram.Etcd35, NodeProgram.Ours], killed: false, withAuth: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task From_ours_to_etcd_3_5(bool killed) => SwapAsync([NodeProgram.Ours, NodeProgram.Etcd35], killed);

    [Fact]
    public Task From_etcd_3_5_to_ours_and_back_and_again() => SwapAsync(
        [NodeProgram.Etcd35, NodeProgram.Ours, NodeProgram.Etcd35, NodeProgram.Ours],
        killed: true);

    /// <summary>Shows that the comparison is right.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task From_etcd_3_4_to_etcd_3_5(bool killed) => SwapAsync([NodeProgram.Etcd34, NodeProgram.Etcd35], killed);

    private static async Task SwapAsync(IReadOnlyList<NodeProgram> programs, bool killed, bool withAuth = false)
    {
        using var folder = new TempDirectory();
        var settings = new NodeSettings(folder["m1.etcd"]) { Extra = ["--snapshot-count", "50"] };
        NodePicture? before = null;
        long compacted = 0;
        for (int index = 0; index < programs.Count; index++)
        {
            await using NodeProcess node = await NodeProcess.StartAsync(programs[index], settings);
            using var client = new ApiClient(node.Url);
            if (before is null)
                compacted = await FillAsync(client, withAuth);
            else
                await CompareAsync(client, before, compacted, $"{programs[index - 1]} to {programs[index]}");

            if (withAuth)
                await RecordedDirectory.LogInAsync(client, "root", "rootpw");
            if (killed)
                await new Workload(client).BurstAsync(BurstPuts);
            before = await PictureAsync(client, compacted);
            await EndAsync(node, killed);
        }
    }

    private static async Task<long> FillAsync(ApiClient client, bool withAuth)
    {
        long compacted = await new Workload(client).RunAsync();
        if (withAuth)
            await client.CallAsync<AuthEnableResponse>("Auth/AuthEnable", new AuthEnableRequest());
        return compacted;
    }

    private static async Task CompareAsync(ApiClient client, NodePicture before, long compacted, string what)
    {
        await RecordedDirectory.LogInAsync(client, "root", "rootpw");
        NodePicture after = await PictureAsync(client, compacted);
        after.MustEqual(before, what);
    }

    private static async Task<NodePicture> PictureAsync(ApiClient client, long compacted)
    {
        long revision = await NodePicture.RevisionAsync(client);
        IReadOnlyList<long> revisions = Workload.Revisions(revision, compacted);

        // At the compacted revision itself a server answers from what it remembers of the compaction.
        return await NodePicture.TakeAsync(client, revisions.Skip(1), revisions);
    }

    private static async Task EndAsync(NodeProcess node, bool killed)
    {
        if (killed)
            await node.KillAsync();
        else
            await node.StopAsync();
    }
}
