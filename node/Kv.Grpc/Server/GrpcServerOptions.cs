using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Kv.Grpc;

/// <summary>What a server is made with; all of it fixed before it starts. The defaults are etcd's.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>The largest message taken, after decompression: etcd's 1.5 MiB of request and 512 KiB around
    /// it.</summary>
    public int ReceiveMaxBytes { get; init; } = 1_572_864 + 524_288;

    /// <summary>Calls under way at once on one connection; more are refused by HTTP/2. etcd sets no limit; this one is
    /// far above what a client uses, and bounds what one that never reads its answers can pile up.</summary>
    public int StreamsPerConnectionMax { get; init; } = 100_000;

    /// <summary>How long a connection may be silent before it is asked whether it lives.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long it then has to answer.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a new connection has to show which protocol it speaks.</summary>
    public TimeSpan FirstBytesTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What a connection, and each of its calls, may send before the server has read any of it.</summary>
    public int ConnectionWindowBytes { get; init; } = 4 * 1024 * 1024;

    public int StreamWindowBytes { get; init; } = 1024 * 1024;

    /// <summary>How many queues the sockets' completions are spread over; zero lets the transport choose.</summary>
    public int IoQueueCount { get; init; }

    /// <summary>Runs what follows a socket's completion on the thread that completed it. It saves a hop, and demands
    /// that no method of a service blocks.</summary>
    public bool RunInlineOnIoThreads { get; init; }

    /// <summary>Asked before each call whether it may begin; what is not OK is its answer. By default all
    /// may.</summary>
    public Func<GrpcMethod, Status>? Admission { get; init; }

    /// <summary>Asked before a call that may begin is answered: what it is to wait for first, or null. A call whose
    /// wait ends in cancellation is cancelled. By default none waits.</summary>
    public Func<GrpcCall, Task?>? Hold { get; init; }

    /// <summary>What calls may hold; by default they may hold whatever they like. Local calls count too.</summary>
    public CallBudget? Budget { get; init; }

    /// <summary>Which methods the budget is not for: those that keep the cluster alive, or take load off it. Asked once
    /// for each.</summary>
    public Func<GrpcMethod, bool>? IsFirstInLine { get; init; }

    /// <summary>Answers all requests that are not gRPC; without it they get 404.</summary>
    public PlainHttpMethod? PlainHttp { get; init; }

    /// <summary>Where Kestrel logs what it does with connections; nowhere by default, which is also the
    /// fastest.</summary>
    public ILoggerFactory? Logs { get; init; }

    /// <summary>Is told of every call; nobody by default.</summary>
    public ICallObserver? Observer { get; init; }

    /// <summary>Is told of each exception that a method let through and that is neither an
    /// <see cref="RpcException"/> nor a cancellation. The client is told only that there was one.</summary>
    public Action<string, Exception>? Faulted { get; init; }
}
