using Grpc.Core;

namespace Kv.Grpc.Client;

internal sealed record CallOutcome(Status Status, Metadata Trailers);
