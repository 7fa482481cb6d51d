using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Hostile;

/// <summary>Requests that no decent client sends, to a real etcd and to ours: both refuse them, or do not, in the same
/// way. Where a message cannot be read, only the code and the beginning of the text are compared: what follows is from
/// the library that read it.</summary>
public sealed class RefusalTests
{
    /// <summary>What etcd 3.5 says of a message that it cannot read, and what later ones do.</summary>
    private static readonly string[] Unreadable =
        ["grpc: error unmarshalling request: ", "grpc: failed to unmarshal the received message"];

    private static readonly byte[] Large = new byte[1_572_864];

    private static IEnumerable<(string What, string Method, byte[] Body)> Requests =>
    [
        ("half a tag", "KV/Range", [0x8a]),
        ("a length beyond the end", "KV/Range", [0x0a, 0x7f, 0x61]),
        ("a number without an end", "KV/Range", [0x18, .. Enumerable.Repeat((byte)0xff, 11)]),
        ("a group", "KV/Range", [0x0b]),
        ("field zero", "KV/Range", [0x02, 0x00]),
        ("a number in place of a key", "KV/Put", [0x08, 0x01]),
        ("half a put", "KV/Put", [0x0a, 0x05, 0x61]),
        ("a length beyond all bounds", "KV/Put", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        ("half a deletion", "KV/DeleteRange", [0x0a, 0x05, 0x61]),
        ("half a comparison", "KV/Txn", [0x0a, 0x05, 0x08]),
        ("nothing", "KV/Range", []),
        ("nothing", "KV/Put", []),
        ("nothing", "KV/DeleteRange", []),
        ("nothing", "KV/Compact", []),
        Of("an operation of no kind", "KV/Txn", new TxnRequest { Success = { new RequestOp() } }),
        Of("a comparison of no kind", "KV/Txn", new TxnRequest { Compare = { new Compare() } }),
        Of("an unknown target", "KV/Txn", new TxnRequest
        {
            Compare = { new Compare { Key = Key("a"), Target = (Compare.Types.CompareTarget)99 } },
        }),
        Of("too many operations", "KV/Txn", new TxnRequest { Success = { Enumerable.Range(0, 129).Select(PutOf) } }),
        Of("one key twice", "KV/Txn", new TxnRequest { Success = { PutOf(1), PutOf(1) } }),
        Of("an end before the beginning", "KV/Range", new RangeRequest { Key = Key("z"), RangeEnd = Key("a") }),
        Of("an end before the beginning", "KV/DeleteRange", new DeleteRangeRequest
        {
            Key = Key("z"), RangeEnd = Key("a"),
        }),
        Of("a limit below zero", "KV/Range", new RangeRequest { Key = Key("a"), Limit = -5 }),
        Of("the last revision there can be", "KV/Range", new RangeRequest
        {
            Key = Key("a"), Revision = long.MaxValue,
        }),
        Of("no revision can be both", "KV/Range", new RangeRequest
        {
            Key = Key("a"), RangeEnd = Key("\0"), MinModRevision = long.MaxValue, MaxModRevision = 1,
        }),
        Of("more than a request may hold", "KV/Put", new PutRequest
        {
            Key = Key("a"), Value = ByteString.CopyFrom(Large),
        }),
        ("more than a message may hold", "KV/Put", new byte[2_200_000]),
        ("more than a message may hold", "Lease/LeaseGrant", new byte[2_200_000]),
        Of("compaction before all", "KV/Compact", new CompactionRequest { Revision = -1 }),
        Of("compaction of the future", "KV/Compact", new CompactionRequest { Revision = long.MaxValue }),
        Of("a lease for ever", "Lease/LeaseGrant", new LeaseGrantRequest { ID = 5, TTL = long.MaxValue }),
        Of("a lease that ended before it began", "Lease/LeaseGrant", new LeaseGrantRequest { ID = 6, TTL = -1 }),
        Of("lease zero", "Lease/LeaseRevoke", new LeaseRevokeRequest()),
        Of("lease zero", "Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest()),
        Of("keeping what is given", "KV/Put", new PutRequest
        {
            Key = Key("a"), Value = Key("v"), IgnoreValue = true,
        }),
        Of("a role without a name", "Auth/RoleAdd", new AuthRoleAddRequest()),
        Of("a user without a name", "Auth/UserAdd", new AuthUserAddRequest { Password = "p" }),
        ("a user whose name is no text", "Auth/UserGet", [0x0a, 0x02, 0xff, 0xfe]),
        ("no such method", "KV/Nothing", []),
    ];

    /// <summary>What etcd 3.5 dies of, or passes over, and later ones refuse as here.</summary>
    private static IEnumerable<(string What, string Method, byte[] Body)> Unsortable =>
    [
        Of("an unknown order", "KV/Range", new RangeRequest
        {
            Key = Key("a"), SortOrder = (RangeRequest.Types.SortOrder)9,
        }),
        Of("an unknown target", "KV/Range", new RangeRequest
        {
            Key = Key("a"), SortTarget = (RangeRequest.Types.SortTarget)9,
        }),
    ];

    [Fact]
    public async Task What_cannot_be_sorted_is_refused() => Assert.Equal(
        "KV/Range, an unknown order: 3 etcdserver: invalid sort option\n" +
        "KV/Range, an unknown target: 3 etcdserver: invalid sort option\n",
        await AnswersAsync(NodeProgram.Ours, Unsortable));

    [Fact]
    public async Task What_no_decent_client_sends_is_answered_as_by_a_real_etcd()
    {
        string theirs = await AnswersAsync(NodeProgram.Etcd35, Requests);
        string ours = await AnswersAsync(NodeProgram.Ours, Requests);

        string[] differences =
        [
            .. theirs.Split('\n').Zip(ours.Split('\n')).Where(both => both.First != both.Second)
                .Select(both => $"etcd: {both.First}\nours: {both.Second}"),
        ];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
    }

    private static async Task<string> AnswersAsync(
        NodeProgram program, IEnumerable<(string What, string Method, byte[] Body)> requests)
    {
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"]));
        using var grpc = new RawGrpc(node.Url);
        var answers = new StringBuilder();
        foreach ((string what, string method, byte[] body) in requests)
        {
            RawAnswer answer = await grpc.CallAsync("/etcdserverpb." + method, [body]);
            bool isRead = !Unreadable.Any(text => answer.Detail.StartsWith(text, StringComparison.Ordinal));
            string detail = isRead ? answer.Detail : "(cannot be read)";
            answers.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"{method}, {what}: {answer.Code} {detail}\n");
        }

        return answers.ToString();
    }

    private static (string What, string Method, byte[] Body) Of(string what, string method, IMessage message) =>
        (what, method, message.ToByteArray());

    private static RequestOp PutOf(int number) => new() { RequestPut = new PutRequest { Key = Key($"k{number}") } };

    private static ByteString Key(string text) => ByteString.CopyFromUtf8(text);
}
