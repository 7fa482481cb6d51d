namespace Kv.Grpc;

/// <summary>How much the calls under way may take of the server's memory.</summary>
/// <param name="CallsMax">Calls at once, but for those that are first in line.</param>
/// <param name="BytesMax">Bytes of their requests and answers, small ones not counted
/// (<see cref="CallBudget.SmallBytes"/>).</param>
/// <param name="ConnectionBytesMax">The same for the calls of one connection.</param>
public sealed record CallLimits(int CallsMax, long BytesMax, long ConnectionBytesMax);

/// <summary>Which limit a call would have gone beyond.</summary>
public enum CallLimit
{
    Calls,
    Bytes,
    ConnectionBytes,
}
