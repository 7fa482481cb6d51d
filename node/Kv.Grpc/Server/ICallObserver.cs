using Grpc.Core;

namespace Kv.Grpc;

/// <summary>Is told of each call as it begins and as it ends, for metrics and log lines, and may refuse it. It is asked
/// on the thread that serves the call, so it must be quick and must not block.</summary>
public interface ICallObserver
{
    /// <summary>The call is about to reach its method. Anything but OK ends it with that.</summary>
    Status OnBegun(GrpcCall call);

    /// <summary>The call has ended; what it sent may still be on its way.</summary>
    void OnEnded(GrpcCall call, StatusCode code);
}
