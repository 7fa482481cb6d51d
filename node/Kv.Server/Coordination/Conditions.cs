using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Server.Coordination;

/// <summary>What transactions of locks and elections depend on.</summary>
internal static class Conditions
{
    /// <summary>That the key is the one that was created then; at 0: that there is none.</summary>
    public static Compare WasCreatedAt(ByteString key, long revision) => new()
    {
        Key = key,
        Target = Compare.Types.CompareTarget.Create,
        Result = Compare.Types.CompareResult.Equal,
        CreateRevision = revision,
    };
}
