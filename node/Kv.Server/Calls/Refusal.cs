using Grpc.Core;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Turns the reasons of the store into the status of a call: the one place where the two meet.</summary>
internal static class Refusal
{
    public static Status ToStatus(KvError error) =>
        error == KvError.None
            ? Status.DefaultSuccess
            : new Status((StatusCode)KvErrorTable.Code(error), KvErrorTable.Text(error));

    public static RpcException ToException(KvError error) => new(ToStatus(error));

    public static void ThrowIfRefused(KvError error)
    {
        if (error != KvError.None)
            throw ToException(error);
    }
}
