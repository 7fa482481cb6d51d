using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Replication;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Server.Calls;

/// <summary>The Watch service: passes requests of a stream to the hub, and what the hub has for the stream to the
/// client, without decoding it. The two directions are independent: a client that sends no more requests still gets
/// its events.</summary>
internal sealed class WatchCalls(WatchHub hub, Gate gate, ReplicaView view)
{
    private static readonly Method<WatchRequest, WatchOutput> Watch = new(
        MethodType.DuplexStreaming,
        "etcdserverpb.Watch",
        "Watch",
        Marshallers.Create(
            static message => message.ToByteArray(),
            WatchRequest.Parser.ParseFrom),
        new Marshaller<WatchOutput>(Write, static _ => throw new NotSupportedException()));

    public ServerServiceDefinition Bind() =>
        ServerServiceDefinition.CreateBuilder().AddMethod(Watch, AnswerAsync).Build();

    private static void Write(WatchOutput output, SerializationContext context)
    {
        context.SetPayloadLength(output.EncodedBytes);
        output.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    private async Task AnswerAsync(
        IAsyncStreamReader<WatchRequest> requests,
        IServerStreamWriter<WatchOutput> responses,
        ServerCallContext context)
    {
        LeaderDemand.Check(context, view);

        // Holds one token however often the hub calls: a token says that there may be something, not how much.
        var ready = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        WatchStream stream = hub.OpenStream(() => ready.Writer.TryWrite(true));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Task reading = ReadAsync(requests, stream, ready.Writer, context, ended.Token);
        try
        {
            while (true)
            {
                while (stream.TryRead(out WatchOutput? output))
                    await responses.WriteAsync(output, context.CancellationToken);
                if (reading.IsFaulted)
                    await reading;
                await ready.Reader.ReadAsync(context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw Refusal.ToException(KvError.WatchCanceled);
        }
        finally
        {
            await ended.CancelAsync();
            stream.Close();
        }
    }

    private async Task ReadAsync(
        IAsyncStreamReader<WatchRequest> requests,
        WatchStream stream,
        ChannelWriter<bool> ready,
        ServerCallContext context,
        CancellationToken ended)
    {
        try
        {
            while (await requests.MoveNext(ended))
                Pass(requests.Current, stream, context);
        }
        finally
        {
            // Wakes the other direction, which ends the call if this one failed.
            ready.TryWrite(true);
        }
    }

    private void Pass(WatchRequest request, WatchStream stream, ServerCallContext context)
    {
        switch (request.RequestUnionCase)
        {
            case WatchRequest.RequestUnionOneofCase.CreateRequest:
                var create = WatchCreate.From(request.CreateRequest);
                stream.Create(create, gate.IsOpen ? null : range => ReasonToRefuse(range, context));
                break;
            case WatchRequest.RequestUnionOneofCase.CancelRequest:
                stream.Cancel(request.CancelRequest.WatchId);
                break;
            case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                stream.RequestProgress();
                break;
            default:
                break; // as etcd: a request of a kind not known is passed over
        }
    }

    // The range is the one that will be watched, not the one that was written: a permission for one key must not
    // open all keys after it (GHSA-xg4h-6gfc-h4m8).
    private string? ReasonToRefuse(WatchRange range, ServerCallContext context)
    {
        Status status;
        try
        {
            status = Refusal.ToStatus(gate.CheckRead(gate.Identify(context), range));
        }
        catch (RpcException refused)
        {
            status = refused.Status;
        }

        return status.StatusCode == StatusCode.OK
            ? null
            : $"rpc error: code = {status.StatusCode} desc = {status.Detail}";
    }
}
