namespace Kv.Grpc.Wire;

/// <summary>What a peer may send in one message: how much, and whether it has announced gzip.</summary>
internal readonly record struct MessageLimits(int ReceiveMaxBytes, bool MayBeCompressed);
