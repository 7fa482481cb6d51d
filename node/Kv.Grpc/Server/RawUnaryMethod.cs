using System.Buffers;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>Answers a unary call from the bytes of the request, which lie in the receive buffer and are valid until the
/// answer is complete, by writing the bytes of the reply. With another status than OK the reply is dropped.</summary>
public delegate ValueTask<Status> RawUnaryMethod(
    ReadOnlySequence<byte> request,
    GrpcCall call,
    MessageWriter reply);
