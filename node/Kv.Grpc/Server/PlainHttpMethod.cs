namespace Kv.Grpc;

/// <summary>Answers a request that is not gRPC.</summary>
public delegate ValueTask PlainHttpMethod(PlainHttpCall call);
