using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Wire;

/// <summary>Where a large response is cut for a watcher that asked for fragments follows from the size that requests
/// may have.</summary>
public sealed class FragmentTests
{
    private const string RequestBytesMax = "100000";
    private const int ValueBytes = 90_000;
    private const int Revisions = 20;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Fragments_are_as_large_as_those_of_a_real_etcd()
    {
        List<(int Events, bool IsFragment)> theirs = await FragmentsAsync(NodeProgram.Etcd35);
        List<(int Events, bool IsFragment)> ours = await FragmentsAsync(NodeProgram.Ours);

        Assert.Equal(theirs, ours);
        Assert.Contains((6, true), ours); // six values and 512 KiB more than a request, but not seven
    }

    private static async Task<List<(int Events, bool IsFragment)>> FragmentsAsync(NodeProgram program)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(
            program, new NodeSettings(folder["m1"]) { Extra = ["--max-request-bytes", RequestBytesMax] });
        using var client = new ApiClient(node.Url);
        var put = new PutRequest
        {
            Key = ByteString.CopyFromUtf8("k"),
            Value = ByteString.CopyFrom(new byte[ValueBytes]),
        };
        for (int revision = 0; revision < Revisions; revision++)
            await client.CallAsync<PutResponse>("KV/Put", put);

        using var grpc = new RawGrpc(node.Url);
        await using RawStream stream = grpc.Open("/etcdserverpb.Watch/Watch");
        var create = new WatchCreateRequest { Key = put.Key, StartRevision = 2, Fragment = true };
        await stream.SendAsync(new WatchRequest { CreateRequest = create }.ToByteArray());
        var fragments = new List<(int Events, bool IsFragment)>();
        while (fragments.Sum(fragment => fragment.Events) < Revisions)
        {
            byte[]? message = await stream.NextAsync(AnswerMax);
            Assert.NotNull(message);
            WatchResponse response = WatchResponse.Parser.ParseFrom(message);
            if (!response.Created)
                fragments.Add((response.Events.Count, response.Fragment));
        }

        return fragments;
    }
}
