namespace Kv.Server.Cli;

/// <summary>Asks for room before a long copy, rather than finding out at its end.</summary>
internal static class RoomCheck
{
    /// <exception cref="CommandFailedException">There is not enough.</exception>
    public static void Require(long freeBytes, long neededBytes, string directory)
    {
        if (freeBytes < neededBytes)
        {
            throw new CommandFailedException(
                $"not enough room in {directory}: {HumanBytes.Format(neededBytes)} are needed, " +
                $"{HumanBytes.Format(freeBytes)} are free; make the volume larger, or free some of it");
        }
    }

    /// <summary>What the file system of a directory has left for this user.</summary>
    public static long FreeBytesAt(string directory) => new DriveInfo(directory).AvailableFreeSpace;
}
