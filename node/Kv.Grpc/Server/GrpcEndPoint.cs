using System.Net;

namespace Kv.Grpc;

/// <summary>Where a server listens, and what secures the connections there; without it they are in clear.</summary>
public sealed record GrpcEndPoint(EndPoint Address, IServerTls? Tls = null);
