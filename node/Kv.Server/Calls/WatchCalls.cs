using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Server.Observers;
using Kv.Store.Watching;

namespace Kv.Server.Calls;

/// <summary>The Watch service: each call is a <see cref="WatchConversation"/> with the hub, whose responses go to the
/// client without being decoded.</summary>
internal sealed class WatchCalls(WatchHub hub, Gate gate, WatchObserver observer)
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

    private Task AnswerAsync(
        IAsyncStreamReader<WatchRequest> requests,
        IServerStreamWriter<WatchOutput> responses,
        ServerCallContext context) =>
        new WatchConversation(hub, gate, observer, context).RunAsync(requests, responses);
}
