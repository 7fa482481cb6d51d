using Kv.Grpc;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>How much of the memory calls may take, where no flag says so. Meant to be met only when the memory is
/// really about to be used up: etcd takes more for each call, so it would have ended by then.</summary>
internal static class MemoryShares
{
    // A call takes its stream, two pipes with a block each, and its proposal: some 10 KiB.
    private const int CallBytes = 16 * 1024;

    // Half of the memory for the calls themselves, and a quarter for what their requests hold, which is there twice: in
    // the connection's buffer until it is answered, and in the log.
    private const int CallsPart = 2;
    private const int BytesPart = 4;

    private const int CallsLeast = 5000;
    private const int RequestsOfLeast = 16;

    /// <summary>Of the container, or of the machine.</summary>
    public static long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public static CallBudget ToBudget(RequestLimits limits, long memoryBytes) =>
        new(ToLimits(limits, memoryBytes), Refusal.ToStatus(KvError.Overloaded));

    public static CallLimits ToLimits(RequestLimits limits, long memoryBytes)
    {
        long calls = Math.Clamp(memoryBytes / CallsPart / CallBytes, CallsLeast, int.MaxValue);
        long bytesLeast = (long)limits.MessageBytesMax * RequestsOfLeast;
        long bytes = limits.BytesInFlightMax ?? Math.Max(memoryBytes / BytesPart, bytesLeast);
        return new CallLimits(
            limits.RequestsInFlightMax ?? (int)calls, bytes, limits.ConnectionBytesInFlightMax ?? (bytes / 2));
    }
}
