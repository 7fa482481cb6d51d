using System.Runtime.InteropServices;

namespace Kv.Sandbox.Kubelet;

/// <summary>What .NET does not offer: signals to whole groups of processes, and renaming a link.</summary>
internal static partial class SystemCalls
{
    public const int Term = 15;
    public const int Kill = 9;

    /// <summary>Sends to a process and all that it started; false if they are gone.</summary>
    public static bool SendToGroup(int processId, int signal) => SendSignal(-processId, signal) == 0;

    public static bool Send(int processId, int signal) => SendSignal(processId, signal) == 0;

    /// <summary>Gives a file or a link another name, in the place of what had it.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Rename(string from, string to)
    {
        if (RenameFile(from, to) != 0)
            throw new IOException($"{from} cannot become {to}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string from, string to);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
