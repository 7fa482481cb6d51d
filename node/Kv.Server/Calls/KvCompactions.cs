using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Server.Upkeep;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>KV.Compact: decided through the log, carried out by each member in the background.</summary>
internal sealed class KvCompactions(LoggedRequests log, StoreUpkeep upkeep, Gate gate, ResponseHeaders headers)
{
    private static readonly Method<CompactionRequest, CompactionResponse> Compact = new(
        MethodType.Unary,
        "etcdserverpb.KV",
        "Compact",
        Marshallers.Create(static message => message.ToByteArray(), CompactionRequest.Parser.ParseFrom),
        Marshallers.Create(static message => message.ToByteArray(), CompactionResponse.Parser.ParseFrom));

    private static readonly Status AlreadyCompacted = Refusal.ToStatus(KvError.Compacted);

    public ServerServiceDefinition Bind() =>
        ServerServiceDefinition.CreateBuilder().AddMethod(Compact, AnswerAsync).Build();

    private async Task<CompactionResponse> AnswerAsync(CompactionRequest request, ServerCallContext context)
    {
        Caller caller = gate.RequireRoot(context);
        try
        {
            await log.ProposeAsync(new InternalRaftRequest { Compaction = request }, caller);
        }
        catch (RpcException refused) when (request.Physical && refused.Status == AlreadyCompacted)
        {
            // As etcd has it: whoever comes second is refused when what the first gave up is gone as well.
            await upkeep.UntilCompactedAsync(request.Revision);
            throw;
        }

        if (request.Physical)
            await upkeep.UntilCompactedAsync(request.Revision);
        return new CompactionResponse { Header = headers.Now() };
    }
}
