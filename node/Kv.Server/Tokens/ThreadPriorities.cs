using System.Runtime.InteropServices;

namespace Kv.Server.Tokens;

/// <summary>Priorities of threads on Linux, where those of .NET mean nothing: there each thread has a niceness of its
/// own, which it may raise without any rights.</summary>
internal static partial class ThreadPriorities
{
    private const int Process = 0; // PRIO_PROCESS, which names a thread to Linux
    private const int Self = 0;

    /// <summary>Makes the thread that calls give way to others. Where that is not allowed, it does not.</summary>
    public static void GiveWay(int niceness) => _ = SetPriority(Process, Self, niceness);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);
}
