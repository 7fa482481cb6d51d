using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Files;

/// <summary>Gives a store a bit of everything that its files can hold: versions, deletes, empty and long values, keys
/// of any bytes, transactions, leases, two compactions, users and roles.</summary>
public sealed class Workload(ApiClient client)
{
    private const long LeaseOfTwo = 0x1111;
    private const long LeaseOfNone = 0x7777777777777777;
    private const long LeaseTtl = 1_000_000;
    private const int LongValueBytes = 100_000;

    /// <summary>Revisions worth comparing after <see cref="RunAsync"/>: the last compacted one, those beside it, and
    /// the last.</summary>
    public static IReadOnlyList<long> Revisions(long current, long compacted) =>
        [compacted, compacted + 1, (compacted + current) / 2, current - 1, current];

    /// <summary>Does it all and returns the last compacted revision.</summary>
    public async Task<long> RunAsync()
    {
        for (int round = 0; round < 3; round++)
        {
            for (int key = 0; key < 20; key++)
                await PutAsync($"a{key:d2}", $"{round}-{key}");
        }

        await PutAsync("empty", "");
        await PutAsync("long", new string('x', LongValueBytes));
        await PutAsync(ByteString.CopyFrom(0), ByteString.CopyFrom(1, 2, 3));
        await PutAsync(ByteString.CopyFrom(0xff, 0x00, 0xff), ByteString.CopyFromUtf8("bytes"));
        await DeleteAsync("a05");
        await DeleteAsync("a10", "a15");
        await GrantAsync(LeaseOfTwo);
        await GrantAsync(LeaseOfNone);
        await PutAsync("l1", "leased", LeaseOfTwo);
        await PutAsync("l2", "leased", LeaseOfTwo);
        await PutAsync("l3", "moved", LeaseOfTwo);
        await PutAsync("l3", "detached");
        await TxnAsync(Put("t1", "x"), Put("t2", "y"), Delete("a16", "a18"));
        await CompactAsync(40);
        long last = await TxnAsync(Delete("t1", "t3"), Put("t4", "z"));
        await CompactAsync(last);
        await PutAsync("t1", "again");
        await DeleteAsync("a00");
        await PutAsync("a00", "reborn");
        await PutAsync("after", "compaction");
        await TxnAsync(Delete("l1"), Put("n1", "1"), Put("n2", "2"));
        await UsersAsync();
        return last;
    }

    /// <summary>Puts more, quickly, so that the log is ahead of the page file when the process is killed.</summary>
    public async Task BurstAsync(int count)
    {
        for (int index = 0; index < count; index++)
            await PutAsync($"burst{index % 7}", $"{index}");
    }

    private static RequestOp Put(string key, string value) => new()
    {
        RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) },
    };

    private static RequestOp Delete(string key, string end = "") => new()
    {
        RequestDeleteRange = new DeleteRangeRequest
        {
            Key = ByteString.CopyFromUtf8(key),
            RangeEnd = ByteString.CopyFromUtf8(end),
        },
    };

    private Task<PutResponse> PutAsync(string key, string value, long lease = 0) =>
        PutAsync(ByteString.CopyFromUtf8(key), ByteString.CopyFromUtf8(value), lease);

    private Task<PutResponse> PutAsync(ByteString key, ByteString value, long lease = 0) =>
        client.CallAsync<PutResponse>("KV/Put", new PutRequest { Key = key, Value = value, Lease = lease });

    private Task<DeleteRangeResponse> DeleteAsync(string key, string end = "") =>
        client.CallAsync<DeleteRangeResponse>("KV/DeleteRange", Delete(key, end).RequestDeleteRange);

    private async Task<long> TxnAsync(params RequestOp[] operations)
    {
        TxnResponse response =
            await client.CallAsync<TxnResponse>("KV/Txn", new TxnRequest { Success = { operations } });
        return response.Header.Revision;
    }

    private Task<CompactionResponse> CompactAsync(long revision) =>
        client.CallAsync<CompactionResponse>(
            "KV/Compact",
            new CompactionRequest { Revision = revision, Physical = true });

    private Task<LeaseGrantResponse> GrantAsync(long id) =>
        client.CallAsync<LeaseGrantResponse>("Lease/LeaseGrant", new LeaseGrantRequest { ID = id, TTL = LeaseTtl });

    private async Task UsersAsync()
    {
        foreach (string role in (string[])["root", "reader", "gone"])
            await client.CallAsync<AuthRoleAddResponse>("Auth/RoleAdd", new AuthRoleAddRequest { Name = role });
        await client.CallAsync<AuthRoleGrantPermissionResponse>(
            "Auth/RoleGrantPermission",
            new AuthRoleGrantPermissionRequest
            {
                Name = "reader",
                Perm = new Authpb.Permission
                {
                    Key = ByteString.CopyFromUtf8("a"),
                    RangeEnd = ByteString.CopyFromUtf8("b"),
                },
            });
        foreach (string user in (string[])["root", "alice"])
        {
            await client.CallAsync<AuthUserAddResponse>(
                "Auth/UserAdd",
                new AuthUserAddRequest { Name = user, Password = user + "pw" });
        }

        await client.CallAsync<AuthUserGrantRoleResponse>(
            "Auth/UserGrantRole",
            new AuthUserGrantRoleRequest { User = "root", Role = "root" });
        await client.CallAsync<AuthUserGrantRoleResponse>(
            "Auth/UserGrantRole",
            new AuthUserGrantRoleRequest { User = "alice", Role = "reader" });
        await client.CallAsync<AuthRoleDeleteResponse>("Auth/RoleDelete", new AuthRoleDeleteRequest { Role = "gone" });
    }
}
