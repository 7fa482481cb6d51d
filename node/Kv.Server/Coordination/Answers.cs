using Grpc.Core;

namespace Kv.Server.Coordination;

/// <summary>How Lock and Election answer: as in etcd, whatever is refused is of the code Unknown, with the text that it
/// has elsewhere.</summary>
internal static class Answers
{
    public static async Task<T> GiveAsync<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (RpcException refused) when (refused.StatusCode != StatusCode.Unknown)
        {
            throw Refuse(refused.Status.Detail);
        }
    }

    public static RpcException Refuse(string text) => new(new Status(StatusCode.Unknown, text));
}
