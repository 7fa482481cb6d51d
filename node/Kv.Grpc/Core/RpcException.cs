using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>A call that ended with another status than OK. A server throws it to end a call so.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors",
    Justification = "The public shape of gRPC for .NET: an RpcException always has a status.")]
public class RpcException : Exception
{
    public RpcException(Status status)
        : this(status, Metadata.Empty)
    {
    }

    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    public Status Status { get; }

    public StatusCode StatusCode => Status.StatusCode;

    public Metadata Trailers { get; }
}
