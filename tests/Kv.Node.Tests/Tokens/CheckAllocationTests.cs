using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Apply;
using Kv.Node.Tests.Grpc;
using Kv.Node.Tests.Store;
using Kv.Server.Tokens;
using Kv.Store;

namespace Kv.Node.Tests.Tokens;

/// <summary>Who calls, and may they: asked for every request, so it must cost the garbage collector
/// nothing.</summary>
[Collection(nameof(AllocationTests))]
public sealed class CheckAllocationTests : IDisposable
{
    private const int Users = 1000;
    private const int Roles = 100;
    private const int Rounds = 10_000;

    private readonly AppliedWorld _world = new();

    public CheckAllocationTests()
    {
        for (int role = 0; role < Roles; role++)
        {
            Must(new() { AuthRoleAdd = new() { Name = $"role{role}" } });
            var permission = new Authpb.Permission
            {
                PermType = Authpb.Permission.Types.Type.Readwrite,
                Key = $"{role:000}a".Bytes(),
                RangeEnd = $"{role:000}z".Bytes(),
            };
            Must(new() { AuthRoleGrantPermission = new() { Name = $"role{role}", Perm = permission } });
        }

        foreach (string user in Enumerable.Range(0, Users).Select(index => $"user{index}").Append("root"))
            Must(new() { AuthUserAdd = new() { Name = user, HashedPassword = "aGFzaA==" } });
        for (int role = 0; role < Roles; role++)
            Must(new() { AuthUserGrantRole = new() { User = "user7", Role = $"role{role}" } });
        Must(new() { AuthUserGrantRole = new() { User = "root", Role = "root" } });
        Must(new() { AuthEnable = new() });
    }

    public static TheoryData<string> Algorithms => ["simple", "HS256", "RS256", "ES512", "EdDSA"];

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_token_and_what_it_allows_are_checked_without_allocating(string kind)
    {
        IUserTokens tokens = kind == "simple"
            ? new SimpleTokens(TimeProvider.System, TimeSpan.FromMinutes(5))
            : new SignedTokens(SomeKeys.Open(kind), TimeSpan.FromMinutes(5), TimeProvider.System);
        string token = tokens.Sign("user7", _world.Store.Auth.Revision) ?? "abcdefghijklmnop.7";
        tokens.Add(token, "user7");
        byte[] key = "055m"u8.ToArray();
        byte[] end = "055n"u8.ToArray();
        byte[] foreign = "100a"u8.ToArray();
        AuthBook auth = _world.Store.Auth;

        Assert.Equal(0, Measure(() =>
        {
            bool isKnown = tokens.TryFind(token, auth, out Caller caller);
            Invariant(isKnown && auth.CheckRange(caller, isWrite: true, key, end) == KvError.None);
            Invariant(auth.CheckRange(caller, isWrite: false, foreign, default) == KvError.PermissionDenied);
            Invariant(auth.CheckRoot(caller.UserName) == KvError.PermissionDenied);
        }));
    }

    [Fact]
    public void A_transaction_is_checked_without_allocating()
    {
        var txn = new TxnRequest { Success = { Some.Ops(["+055m", "=001b", "-099c"]) } };
        byte[] request = txn.ToByteArray();
        var caller = new Caller("user7", _world.Store.Auth.Revision);
        Assert.Equal(
            0, Measure(() => Invariant(PermissionChecks.Txn(_world.Store, caller, request) == KvError.None)));
    }

    private static void Invariant(bool holds)
    {
        if (!holds)
            throw new InvalidOperationException("It is said something else.");
    }

    private static long Measure(Action check)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int round = 0; round < Rounds; round++)
                check();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private void Must(InternalRaftRequest request) => Assert.Equal(KvError.None, _world.Apply(request));
}
