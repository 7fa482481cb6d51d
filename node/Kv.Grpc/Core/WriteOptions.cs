using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

[Flags]
[SuppressMessage("Design", "CA1008:Enums should have zero value", Justification = "The public shape of gRPC for .NET.")]
public enum WriteFlags
{
    /// <summary>The write may wait for the next to leave with it.</summary>
    BufferHint = 0x1,

    /// <summary>The message is sent as it is although the call compresses.</summary>
    NoCompress = 0x2,
}

public class WriteOptions(WriteFlags flags = default)
{
    public static readonly WriteOptions Default = new();

    public WriteFlags Flags { get; } = flags;
}
