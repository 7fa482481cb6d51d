using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Leases;
using Kv.Node.Tests.Store;
using Kv.Store;
using Kv.Testing.Members;

namespace Kv.Node.Tests.Apply;

/// <summary>A whole store to which entries are applied one by one, as the apply lane does.</summary>
internal sealed class AppliedWorld : IDisposable
{
    public const ulong ClusterId = 7;
    public const ulong MemberId = 9;

    private readonly BackendOnDisk _disk = new();
    private Applier _applier = null!;

    public AppliedWorld() => Open();

    public StoreParts Store { get; private set; } = null!;

    public RecordedTokens Tokens { get; } = new();

    /// <summary>Where what was given up is taken away.</summary>
    public ManualLane Compaction { get; } = new();

    public ulong Index { get; private set; }

    /// <summary>What the last entry answered: the message, or the encoded one in <see cref="Encoded"/>.</summary>
    public IMessage? Answer { get; private set; }

    public byte[] Encoded { get; private set; } = [];

    /// <summary>Applies a request as the next entry, of nobody or of a user.</summary>
    public KvError Apply(InternalRaftRequest request, string userName = "", ulong authRevision = ulong.MaxValue)
    {
        ulong present = userName.Length == 0 ? 0 : Store.Auth.Revision;
        request.Header = new RequestHeader
        {
            ID = Index + 1,
            Username = userName,
            AuthRevision = authRevision == ulong.MaxValue ? present : authRevision,
        };
        return ApplyEntry(request.ToByteArray());
    }

    public KvError ApplyEntry(byte[] entry)
    {
        var reply = new Reply();
        KvError error = _applier.Apply(++Index, term: 3, entry, reply);
        Store.Backend.SetConsistentIndex(Index, term: 3);
        Answer = reply.Message;
        Encoded = reply.Encoded.ToArray();
        return error;
    }

    public KvError Put(string key, string value = "", long lease = 0, string userName = "") =>
        Apply(new InternalRaftRequest { Put = Some.Put(key, value, lease) }, userName);

    /// <summary>Commits all, and opens the files anew.</summary>
    public void Restart()
    {
        _disk.Reopen();
        Open();
    }

    public void Dispose() => _disk.Dispose();

    private void Open()
    {
        Store = WholeStore.Open(_disk.Backend, Compaction, Tokens, ttlMin: 2);
        _applier = new Applier(Store, ClusterId, MemberId);
        Index = _disk.Backend.ConsistentIndex;
    }
}
