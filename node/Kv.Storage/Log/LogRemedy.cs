namespace Kv.Storage.Log;

/// <summary>What to do about a log that cannot be read, in the words of every message that says so.</summary>
internal static class LogRemedy
{
    public const string Replace = Remedy.ReplaceMember;

    public static string CutAt(LogPlace place, ulong lastIndex) =>
        $"{Replace}; to give up every entry after {lastIndex} instead, although some may have been acknowledged, copy "
        + $"the file away and truncate it to {place.Offset} bytes";
}
